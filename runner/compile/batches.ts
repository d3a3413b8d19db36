// The batches of a microbatch model: which of them a run builds, and the inputs of each.

import { type Place, UserError } from '../../core/errors.ts';
import type { Rendered } from '../../core/template/source-map.ts';
import type { Value } from '../../core/template/values.ts';
import { type Answers, NeedsAnswer } from './answers.ts';
import type { IncrementalFacts } from './incremental.ts';
import type { CompileInputs } from './inputs.ts';
import {
  type BatchSize,
  chooseBatches,
  formatMoment,
  parseMoment,
  type Stretch,
} from './moments.ts';
import { type RelationValue, relationValue } from './relation-value.ts';
import type { RelationName } from './types.ts';

/** The configs that a microbatch model cannot do without. */
export interface BatchConfig {
  readonly eventTime: string;
  readonly size: BatchSize;
  readonly beginMs: number;
  /** As written. */
  readonly begin: string;
  readonly lookback: number;
}

/**
 * Reads the configs of a microbatch model.
 * @throws {UserError} where one is missing, or `begin` is no time.
 */
export function readBatchConfig({
  config,
  placeOf,
}: Pick<IncrementalFacts, 'config' | 'placeOf'>): BatchConfig {
  const missing = (key: string, hint: string): never => {
    throw new UserError(`a microbatch model needs \`${key}\``, {
      where: placeOf('incremental_strategy'),
      hint,
    });
  };
  const eventTime =
    config.event_time ?? missing('event_time', 'name the column of the time of its rows');
  const size =
    config.batch_size ?? missing('batch_size', 'set it to `hour`, `day`, `month` or `year`');
  const begin = config.begin ?? missing('begin', "say where its first batch begins: '2024-09-01'");
  const beginMs = parseMoment(begin);
  if (beginMs === undefined) {
    throw new UserError(`\`begin\` is \`${begin}\`, which is no time`, {
      where: placeOf('begin'),
      hint: "write it as '2024-09-01' or '2024-09-01T12:00:00', in UTC",
    });
  }
  return { eventTime, size, beginMs, begin, lookback: config.lookback ?? 1 };
}

/** What decides the batches of a run. */
export interface BatchFacts {
  readonly config: BatchConfig;
  readonly relation: RelationName;
  readonly name: string;
  readonly placeOf: (config: string) => Place;
  readonly inputs: CompileInputs;
  readonly answers: Answers;
  /** Whether the table is there and is not to be built whole. */
  readonly isIncremental: boolean;
}

/** The batches that this run builds. */
export interface ChosenBatches {
  readonly batches: readonly Stretch[];
  /** Up to where the last batch is known: it is not over yet. */
  readonly nowMs: number;
}

/**
 * Decides which batches to build; asks the database what is built already.
 * @throws {UserError} where none has begun yet.
 */
export function chooseModelBatches(facts: BatchFacts): ChosenBatches {
  const { inputs, config } = facts;
  const nowMs = Date.parse(inputs.runStartedAt);
  const built = facts.isIncremental ? builtStretches(facts.relation, facts.answers) : undefined;
  const batches = chooseBatches({ ...config, nowMs, built, range: inputs.eventTime });
  if (batches.length > 0) return { batches, nowMs };
  throw new UserError(`\`${facts.name}\` has no batch yet: \`begin\` is \`${config.begin}\``, {
    where: facts.placeOf('begin'),
    hint: 'set `begin` to a moment before now',
  });
}

/** What was built, as the runner's own table remembers it; nothing where there is no such table yet. */
function builtStretches(relation: RelationName, answers: Answers): readonly Stretch[] {
  const ask = (sql: string) => {
    const answer = answers.get(sql);
    if (answer === undefined) throw new NeedsAnswer({ sql });
    if (answer.status === 'failed') throw new UserError(answer.message, { hint: answer.hint });
    return answer.rows;
  };
  const [[found] = []] = ask("select (to_regclass('runner.intervals') is not null)::text");
  if (found !== 'true') return [];
  const name = [relation.schema, relation.identifier].map(literal).join(', ');
  const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::bigint::text`;
  const rows = ask(
    `select ${ms('starts_at')}, ${ms('ends_at')}\nfrom runner.intervals\n` +
      `where (relation_schema, relation_name) = (${name})\norder by starts_at`,
  );
  return rows.map(([start, end]) => ({ startMs: Number(start), endMs: Number(end) }));
}

function literal(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** The inputs of one batch, cut to its time. */
export class BatchInputs {
  readonly #database: string;
  readonly #batch: Stretch;
  readonly #parts = new Map<string, { readonly name: string; readonly sql: string }>();

  constructor(database: string, batch: Stretch) {
    this.#database = database;
    this.#batch = batch;
  }

  /** Whether any input was cut. */
  get isCut(): boolean {
    return this.#parts.size > 0;
  }

  /** The relation as templates print it: the rows of the batch; `.render()` gives all of them. */
  cut(id: string, relation: RelationName, eventTime: string): Value {
    const whole = relationValue(this.#database, relation);
    const known = this.#parts.get(id) ?? this.#make(whole, relation, eventTime);
    this.#parts.set(id, known);
    const text = `"${known.name}"`;
    const value: RelationValue = { ...whole, toText: () => text };
    return value;
  }

  #make(whole: RelationValue, relation: RelationName, eventTime: string) {
    const plain = relation.identifier.replace(/[^A-Za-z0-9_]/g, '_').slice(0, 40);
    const from = formatMoment(this.#batch.startMs);
    const to = formatMoment(this.#batch.endMs);
    return {
      name: `__batch_${this.#parts.size + 1}__${plain}`,
      sql: `select * from ${whole.toText()} where ${eventTime} >= '${from}' and ${eventTime} < '${to}'`,
    };
  }

  /** Puts the inputs before the query, which stays whole: its own names cannot hide them. */
  wrap(rendered: Rendered): Rendered {
    if (!this.isCut) return rendered;
    const parts = [...this.#parts.values()].map(
      ({ name, sql }) => `"${name}" as not materialized (\n    ${sql}\n)`,
    );
    const head = `with ${parts.join(',\n')}\nselect * from (\n`;
    const map = rendered.map.map((mark) => ({ ...mark, offset: mark.offset + head.length }));
    return { ...rendered, text: `${head}${rendered.text}\n) as batch`, map };
  }
}
