// What stands among the statements of a step and is more than one: hooks, contracts, partitions.

import pg from 'pg';
import type { Client } from '../../core/database.ts';
import { queryOneStatementAsLists } from '../../core/database.ts';
import { formatPlace, UserError } from '../../core/errors.ts';
import type { Answer, Answers, Attempt } from '../compile/answers.ts';
import type { ContractColumn, Partitioning } from '../compile/design.ts';
import type { NodeId } from '../compile/types.ts';
import type { DescribedColumn } from '../plan/contract.ts';
import type { BuildStep, HookRun, PublishedStep, Statement } from '../plan/types.ts';
import { ModelError, modelError } from './model-error.ts';

/** Answers that are replayed for every render from the start. */
export interface Journal {
  add(sql: string, answer: Answer): void;
  replay(): Answers;
}

/** Functions of other stages, handed in by the command. */
export interface AroundOptions {
  readonly newJournal: () => Journal;
  readonly renderHook: (
    hook: { readonly node: NodeId; readonly sql: string; readonly on: HookRun['on'] },
    answers: Answers,
  ) => Attempt<string>;
  /** Runs the materialization of a node as far as the answers go. */
  readonly materialize: (node: NodeId, answers: Answers) => Attempt<undefined>;
  readonly compareContract: (
    promised: readonly DescribedColumn[],
    returned: readonly DescribedColumn[],
  ) => string | undefined;
  readonly describeTypes: (columns: readonly ContractColumn[]) => string;
  readonly planPartitions: (
    step: PublishedStep,
    partitioning: Partitioning,
    bounds: readonly (readonly (string | null)[])[],
    on: 'published' | 'staged' | undefined,
  ) => readonly Statement[];
}

const mostQuestions = 1000;

/** What a template is part of, as errors name it. */
export interface Asker {
  readonly node: NodeId;
  readonly label: string;
}

/**
 * Renders a template, carries out what it asks on this connection, renders again, and runs the SQL.
 * @throws {ModelError} for what the database says of the hook's SQL, with the hook named
 */
export async function runHook(
  client: Client,
  hook: Asker,
  journal: Journal,
  render: (answers: Answers) => Attempt<string>,
): Promise<void> {
  const sql = await answerInPlace(client, hook, journal, render);
  if (sql.trim() === '') return;
  try {
    await client.query(sql);
  } catch (error) {
    throw askerFault(hook, error, sql);
  }
}

/**
 * Repeats an attempt and carries out what it asks, on this connection and in its transaction, until it is
 * done.
 * @throws {ModelError} for what the database says of its SQL, with the asker named
 */
export async function answerInPlace<T>(
  client: Client,
  asker: Asker,
  journal: Journal,
  tryWith: (answers: Answers) => Attempt<T>,
): Promise<T> {
  for (let asked = 0; asked <= mostQuestions; asked += 1) {
    const tried = tryWith(journal.replay());
    if (tried.kind === 'done') return tried.value;
    for (const { sql } of tried.questions) {
      try {
        journal.add(sql, await carryOut(client, sql));
      } catch (error) {
        throw askerFault(asker, error, sql);
      }
    }
  }
  throw new UserError(`${asker.label} still asks the database after ${mostQuestions} queries`, {
    hint: 'ask for all rows in one query',
    exitCode: 1,
  });
}

function askerFault({ node, label }: Asker, error: unknown, sql: string): unknown {
  const told = modelError(error, { node, sql, sqlMap: [], path: label });
  if (!(told instanceof ModelError)) return told;
  return new ModelError(`${label}: ${told.message}`, {
    node,
    hint: told.hint,
    cause: error,
    sqlstate: told.sqlstate,
  });
}

/** Runs a hook of a node. */
export async function runNodeHook(
  client: Client,
  step: BuildStep,
  { sql, hook }: Statement & { readonly hook: HookRun },
  { newJournal, renderHook }: AroundOptions,
): Promise<void> {
  const { node, relation } = step;
  const label = `${hook.label} of ${relation.identifier}`;
  await runHook(client, { node, label }, newJournal(), (answers) =>
    renderHook({ node, sql, on: hook.on }, answers),
  );
}

/**
 * Asks for the columns of a query without running it and compares them with its contract.
 * @throws {ModelError} with the differences as a table
 */
export async function checkContract(
  client: Client,
  step: BuildStep,
  { sql, contract }: Statement & { readonly contract: readonly ContractColumn[] },
  { compareContract, describeTypes }: AroundOptions,
): Promise<void> {
  const returned = await describe(client, sql);
  const promised = await promisedColumns(client, step, contract, describeTypes);
  const differences = compareContract(promised, returned);
  if (differences === undefined) return;
  throw new ModelError(
    `the query of \`${step.relation.identifier}\` does not keep its contract:\n${differences}`,
    {
      node: step.node,
      where: contract[0]?.place,
      hint: 'cast the columns in the query, or change the `data_type` in YAML',
    },
  );
}

async function promisedColumns(
  client: Client,
  step: BuildStep,
  contract: readonly ContractColumn[],
  describeTypes: AroundOptions['describeTypes'],
): Promise<readonly DescribedColumn[]> {
  // Each alone where all together fail, to tell which of them is no type.
  const one = async (column: ContractColumn): Promise<readonly DescribedColumn[]> => {
    try {
      return await describe(client, describeTypes([column]));
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      const where = column.place === undefined ? undefined : formatPlace(column.place);
      throw new ModelError(
        `column \`${column.name}\` has the data_type \`${column.type}\`: ${error.message}`,
        { node: step.node, where, hint: 'use a type of PostgreSQL', cause: error },
      );
    }
  };
  const described: DescribedColumn[] = [];
  for (const column of contract) {
    const [found] = await one(column);
    if (found !== undefined) described.push({ ...found, name: column.name });
  }
  return described;
}

async function describe(client: Client, sql: string): Promise<readonly DescribedColumn[]> {
  const { fields } = await queryOneStatementAsLists(client, sql);
  const ids = fields.map(({ dataTypeID }) => dataTypeID);
  const modifiers = fields.map(({ dataTypeModifier }) => dataTypeModifier);
  const { rows } = await client.query<{ type: string }>(
    `select format_type(id, modifier) as type
     from unnest($1::oid[], $2::int[]) with ordinality as one (id, modifier, place) order by place`,
    [ids, modifiers],
  );
  return fields.map(({ name, dataTypeID, dataTypeModifier }, index) => ({
    name,
    typeId: dataTypeID,
    modifier: dataTypeModifier,
    type: rows[index]?.type ?? '',
  }));
}

/**
 * Reads which partitions the rows ask for. Bounds are told and read again in UTC: who resets the time
 * zone does so once the partitions are made.
 */
export async function partitionsFor(
  client: Client,
  step: BuildStep,
  { sql, partitioning, partitionsOf }: Statement & { readonly partitioning: Partitioning },
  { planPartitions }: AroundOptions,
): Promise<readonly Statement[]> {
  await client.query("set timezone to 'UTC'");
  const { rows } = await queryOneStatementAsLists(client, sql);
  const bounds = rows.map((row) => row.map((value) => (value === null ? null : String(value))));
  return planPartitions(step, partitioning, bounds, partitionsOf);
}

/** Runs a query of a hook's template as it is, in whatever transaction the hook is. */
async function carryOut(client: Client, sql: string): Promise<Answer> {
  const config: pg.QueryArrayConfig = {
    text: sql,
    rowMode: 'array',
    types: { getTypeParser: () => (value: string) => value },
  };
  // Several statements give several results, and the last is the one that a template asks for.
  const results = [await client.query<(string | null)[]>(config)].flat();
  const result = results.at(-1);
  return {
    status: 'rows',
    columns: (result?.fields ?? []).map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID })),
    rows: result?.rows ?? [],
  };
}
