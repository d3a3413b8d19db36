// The first pass over a node: which configs, refs and sources its template names.

import { type Place, UserError } from '../../core/errors.ts';
import type { StaticCall } from '../../core/template/calls.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { toJson } from '../../core/template/json.ts';
import { parseTemplate, type Template } from '../../core/template/parse.ts';
import { renderTemplate } from '../../core/template/render.ts';
import type { CallSite, Value } from '../../core/template/values.ts';
import type {
  ConfigLayer,
  ParsedAnalysis,
  ParsedModel,
  ParsedSingularTest,
  ParsedSnapshot,
} from '../project/types.ts';
import { type NodeHandlers, nodeContext, type ProjectFacts } from './context.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import { relationValue } from './relation-value.ts';
import { type NodeScope, scopeOf } from './scope.ts';
import { staticCalls, staticNames } from './static-calls.ts';

/** A `ref` or `source` that the first pass met. */
export interface CapturedRead {
  readonly kind: 'ref' | 'source';
  /** Package and name of a ref, source and table of a source; the package where it is given. */
  readonly words: readonly [string | undefined, string];
  /** The version that a ref asks for. */
  readonly version: string | undefined;
  readonly place: Place;
}

/** What the first pass found. */
export interface Captured {
  readonly template: Template;
  /** The config calls of the file, as one layer. */
  readonly layer: ConfigLayer;
  /** The refs and sources in the order in which they were met. */
  readonly reads: readonly CapturedRead[];
  /** Whether the syntax tree told, without rendering. */
  readonly isStatic: boolean;
}

/** A node whose first pass is over a template of its own. */
export type CapturedNode = ParsedModel | ParsedSnapshot | ParsedAnalysis | ParsedSingularTest;

/**
 * Hears the `config`, `ref` and `source` calls of a node: from its syntax tree where that says it
 * all, otherwise by rendering with `execute` false.
 * @throws {TemplateError} for a fault of the template.
 */
export function captureNode(facts: ProjectFacts, node: CapturedNode): Captured {
  // A block begins inside its file.
  const firstLine = node.kind === 'snapshot' ? (node.place.line ?? 1) : 1;
  const source = { path: node.path, text: node.rawSql, firstLine };
  const template = parseTemplate(source, facts.inputs.parseCache);
  const macros = facts.macros.visibleFrom(node.packageName);
  const calls = staticNames.some((name) => macros.has(name)) ? undefined : staticCalls(template);
  const read = calls && captureStatically(facts, node, template, calls);
  return read ?? captureByRendering(facts, node, template);
}

/** The first pass that renders; it gives what `captureNode` gives, for every template. */
export function captureByRendering(
  facts: ProjectFacts,
  node: CapturedNode,
  template: Template,
): Captured {
  const hearing = new Hearing(facts, node);
  renderTemplate(template, scopeOf(captureContext(facts, node, hearing.handlers)));
  return hearing.captured(template, false);
}

/** Makes the calls of a plain template; undefined where one fails, for rendering to say so. */
function captureStatically(
  facts: ProjectFacts,
  node: CapturedNode,
  template: Template,
  calls: readonly StaticCall[],
): Captured | undefined {
  const hearing = new Hearing(facts, node);
  try {
    if (calls.length > 0) callerOf(facts, node.packageName).make(calls, hearing);
  } catch (error) {
    if (error instanceof UserError || error instanceof ValueFault) return undefined;
    throw error;
  }
  return hearing.captured(template, true);
}

const callers = new WeakMap<ProjectFacts, Map<string, StaticCaller>>();

/** One for all nodes of a package: to these calls, it is the same context for each. */
function callerOf(facts: ProjectFacts, packageName: string): StaticCaller {
  const known = callers.get(facts) ?? new Map<string, StaticCaller>();
  callers.set(facts, known);
  const caller = known.get(packageName) ?? new StaticCaller(facts, packageName);
  known.set(packageName, caller);
  return caller;
}

/** Calls functions of the context for one node after the other. */
class StaticCaller {
  readonly #context: ReturnType<typeof nodeContext>;
  #hearing: Hearing | undefined;

  constructor(facts: ProjectFacts, packageName: string) {
    this.#context = nodeContext(
      facts,
      { relation: undefined, model: null, execute: false, packageName },
      {
        ref: (...given) => this.#current().handlers.ref(...given),
        source: (...given) => this.#current().handlers.source(...given),
        config: (...given) => this.#current().handlers.config(...given),
        readConfig: () => undefined,
      },
    );
  }

  make(calls: readonly StaticCall[], hearing: Hearing): void {
    this.#hearing = hearing;
    for (const call of calls) makeCall(this.#context.get(call.name), call);
  }

  #current(): Hearing {
    if (this.#hearing === undefined) throw new Error('nobody listens to this call');
    return this.#hearing;
  }
}

function makeCall(callee: Value | undefined, call: StaticCall): void {
  const { path, line, column } = call;
  const site: CallSite = { place: { path, line, column }, chain: [], state: undefined };
  if (callee === undefined || callee === null || typeof callee !== 'object' || !('call' in callee))
    throw new ValueFault(`\`${call.name}\` is not to be called`);
  callee.call?.(call.args ?? [], call.kwargs ?? new Map(), site);
}

/** Notes what a template says while it is captured. */
class Hearing {
  readonly handlers: NodeHandlers;
  readonly #path: string;
  readonly #values: Record<string, unknown> = {};
  readonly #places = new Map<string, Place>();
  readonly #reads: CapturedRead[] = [];

  constructor(facts: ProjectFacts, node: CapturedNode) {
    this.#path = node.path;
    this.handlers = {
      ref: (packageName, name, site, version) => {
        this.#reads.push({ kind: 'ref', words: [packageName, name], version, place: site.place });
        return placeholder(facts, name);
      },
      source: (source, table, site) => {
        this.#reads.push({
          kind: 'source',
          words: [source, table],
          version: undefined,
          place: site.place,
        });
        return placeholder(facts, table);
      },
      config: (given, site) => {
        for (const [key, value] of given) {
          this.#values[key] = toJson(value);
          this.#places.set(key, site.place);
        }
      },
      readConfig: () => undefined,
    };
  }

  captured(template: Template, isStatic: boolean): Captured {
    const placeOf = (key: string): Place => this.#places.get(key) ?? { path: this.#path };
    return {
      template,
      layer: { values: this.#values, placeOf },
      reads: this.#reads,
      isStatic,
    };
  }
}

function placeholder(facts: ProjectFacts, identifier: string): Value {
  if (identifier === '' || identifier.includes('\0')) {
    throw new ValueFault('the name of a relation cannot be empty or hold a zero byte');
  }
  const { database, schema } = facts.inputs.target;
  return relationValue(database, { schema, identifier });
}

function captureContext(
  facts: ProjectFacts,
  node: CapturedNode,
  handlers: NodeHandlers,
): NodeScope {
  const { database, schema } = facts.inputs.target;
  // Whether the model has batches is not known yet: a template may name what they have.
  const batch = { id: '', event_time_start: '', event_time_end: '' };
  const described = madeOnce(() =>
    nodeValue({ ...node, database, schema, alias: node.name, batch }),
  );
  return nodeContext(
    facts,
    {
      relation: placeholder(facts, node.name),
      get model() {
        return described();
      },
      execute: false,
      packageName: node.packageName,
    },
    handlers,
  );
}
