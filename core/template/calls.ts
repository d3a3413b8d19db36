// Finding calls such as `ref('x')` in the syntax tree, without rendering.

import { DictValue } from './dict.ts';
import type { Template } from './parse.ts';
import type { Arguments, Call, Expression } from './syntax.ts';
import { ListValue, TupleValue, type Value } from './values.ts';

/** A call by a plain name, found without rendering. */
export interface StaticCall {
  readonly name: string;
  /** The positional arguments; undefined where one is no constant. */
  readonly args: readonly Value[] | undefined;
  /** The keyword arguments; undefined where one is no constant. */
  readonly kwargs: ReadonlyMap<string, Value> | undefined;
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** Whether it stands in a branch, loop or macro, so that rendering may not reach it. */
  readonly conditional: boolean;
}

/** All calls by one of the names, in the order of the text. */
export function findCalls(template: Template, names: ReadonlySet<string>): readonly StaticCall[] {
  const found: StaticCall[] = [];
  visit(template.root, false, (call, conditional) => {
    if (call.callee.kind !== 'name' || !names.has(call.callee.name)) return;
    found.push({
      name: call.callee.name,
      args: constantArgs(call.args),
      kwargs: constantKeywords(call.args),
      path: template.source.path,
      line: call.line,
      column: call.column,
      conditional,
    });
  });
  return found.sort((a, b) => a.line - b.line || a.column - b.column);
}

const CONDITIONAL_KINDS = new Set<unknown>(['if', 'for', 'macro', 'conditional', 'logical']);

/** Walks any part of the tree: it holds nothing but nodes, lists of nodes, names and constants. */
function visit(
  part: unknown,
  conditional: boolean,
  report: (call: Call, conditional: boolean) => void,
): void {
  if (Array.isArray(part)) {
    for (const element of part) visit(element, conditional, report);
    return;
  }
  if (typeof part !== 'object' || part === null || part instanceof Set) return;
  const kind = 'kind' in part ? part.kind : undefined;
  if (kind === 'literal') return;
  if (kind === 'call') report(part as Call, conditional); // only calls are of this kind
  const inside = conditional || CONDITIONAL_KINDS.has(kind);
  for (const child of Object.values(part)) visit(child, inside, report);
}

function constantArgs(args: Arguments): readonly Value[] | undefined {
  if (args.splat !== undefined) return undefined;
  return allConstant(args.positional);
}

function constantKeywords(args: Arguments): ReadonlyMap<string, Value> | undefined {
  if (args.keywordSplat !== undefined) return undefined;
  const values = allConstant(args.keywords.map(([, value]) => value));
  if (values === undefined) return undefined;
  return new Map(args.keywords.map(([name], index) => [name, values[index] ?? null]));
}

function allConstant(nodes: readonly Expression[]): readonly Value[] | undefined {
  const values: Value[] = [];
  for (const node of nodes) {
    const value = constantOf(node);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

/** The value of an expression made of constants only; undefined for any other. */
function constantOf(node: Expression): Value | undefined {
  if (node.kind === 'literal') return node.value;
  if (node.kind === 'list' || node.kind === 'tuple') {
    const items = allConstant(node.items);
    if (items === undefined) return undefined;
    return node.kind === 'list' ? new ListValue([...items]) : new TupleValue(items);
  }
  if (node.kind !== 'dict') return undefined;
  const keys = allConstant(node.entries.map(([key]) => key));
  const values = allConstant(node.entries.map(([, value]) => value));
  if (keys === undefined || values === undefined) return undefined;
  return DictValue.of(keys.map((key, index) => [key, values[index] ?? null] as const));
}
