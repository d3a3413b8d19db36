// Which templates are so plain that their calls are known from the syntax tree, without rendering.

import { findCalls, type StaticCall } from '../../core/template/calls.ts';
import { ValueFault } from '../../core/template/errors.ts';
import type { Template } from '../../core/template/parse.ts';
import type { Body, Call, Expression, For, Statement } from '../../core/template/syntax.ts';

/** Calls that say what a node reads and how it is configured. */
const CAPTURING = new Set(['ref', 'source', 'config']);
/** Calls that only give a value; they fail where it is not set. */
const READING = new Set(['var', 'env_var']);
const CALLED = new Set([...CAPTURING, ...READING]);
/** Functions without arguments that are the same for every template. */
const ASKING = new Set(['is_incremental', 'should_full_refresh']);
/** Values that can be printed and compared without a fault. */
const PRINTED = new Set(['this', 'execute', 'run_started_at', 'invocation_id']);
const TARGET_FIELDS = new Set(['name', 'schema', 'database', 'dbname', 'type', 'profile_name']);
const THIS_FIELDS = new Set(['database', 'schema', 'identifier', 'name', 'table']);
const LOOP_FIELDS = new Set(['index', 'index0', 'first', 'last', 'length']);

/** Names that must mean what dbt means by them: a macro of the same name makes a template unplain. */
export const staticNames: readonly string[] = [
  ...CALLED,
  ...ASKING,
  ...PRINTED,
  ...['target', 'loop'],
];

/**
 * The calls of `ref`, `source`, `config`, `var` and `env_var` of a plain template, in the order of
 * the text. Undefined where rendering could do anything else: fail, call a macro, take a branch
 * with a ref or config in it, or give a call an argument that is no constant.
 */
export function staticCalls(template: Template): readonly StaticCall[] | undefined {
  if (!isPlainBody(template.root.body, new Scope(new Map(), false))) return undefined;
  try {
    const calls = findCalls(template, CALLED);
    const isKnown = (call: StaticCall): boolean =>
      call.args !== undefined &&
      call.kwargs !== undefined &&
      !(call.conditional && CAPTURING.has(call.name));
    return calls.every(isKnown) ? calls : undefined;
  } catch (error) {
    // A constant that has no value, such as a dict with a list as its key: rendering says where.
    if (error instanceof ValueFault) return undefined;
    throw error;
  }
}

type Shape = 'list' | 'value';

/** The template's own variables, and whether the walk is inside a branch or loop. */
class Scope {
  readonly variables: Map<string, Shape>;
  readonly isInner: boolean;

  constructor(variables: Map<string, Shape>, isInner: boolean) {
    this.variables = variables;
    this.isInner = isInner;
  }

  /** A branch or loop pass: what it adds ends with it. */
  inner(): Scope {
    return new Scope(new Map(this.variables), true);
  }
}

function isPlainBody(body: Body, scope: Scope): boolean {
  return body.every((statement) => isPlainStatement(statement, scope));
}

function isPlainStatement(node: Statement, scope: Scope): boolean {
  switch (node.kind) {
    case 'text':
      return true;
    case 'output':
    case 'do':
      return isPlainOrCapturing(node.expression, scope);
    case 'if':
      return (
        node.branches.every(
          ({ condition, body }) => isPlain(condition, scope) && isPlainBody(body, scope.inner()),
        ) && isPlainBody(node.otherwise, scope.inner())
      );
    case 'for':
      return isPlainLoop(node, scope);
    case 'set': {
      const { target, value } = node;
      // Set in a branch, a name is known only at times; renamed, `ref` is no longer ref.
      if (scope.isInner || target.kind !== 'name' || staticNames.includes(target.name))
        return false;
      if (!isPlainOrCapturing(value, scope)) return false;
      scope.variables.set(target.name, isSequence(value) ? 'list' : 'value');
      return true;
    }
    default:
      return false;
  }
}

function isPlainLoop(node: For, scope: Scope): boolean {
  const { target, iterable } = node;
  if (node.filter !== undefined || node.recursive || target.kind !== 'name') return false;
  if (staticNames.includes(target.name)) return false;
  const isWalkable =
    isSequence(iterable) ||
    (iterable.kind === 'name' && scope.variables.get(iterable.name) === 'list');
  if (!isWalkable || !isPlain(iterable, scope)) return false;
  const pass = scope.inner();
  pass.variables.set(target.name, 'value').set('loop', 'value');
  return isPlainBody(node.body, pass) && isPlainBody(node.otherwise, scope.inner());
}

function isSequence(node: Expression): boolean {
  return node.kind === 'list' || node.kind === 'tuple';
}

function isPlainOrCapturing(node: Expression, scope: Scope): boolean {
  if (node.kind === 'call' && node.callee.kind === 'name' && CAPTURING.has(node.callee.name)) {
    return !scope.isInner;
  }
  return isPlain(node, scope);
}

/** Whether an expression has a value whatever the project is, and calls nothing that counts. */
function isPlain(node: Expression, scope: Scope): boolean {
  const all = (nodes: readonly Expression[]): boolean => nodes.every((one) => isPlain(one, scope));
  switch (node.kind) {
    case 'literal':
      return true;
    case 'name':
      return (
        (PRINTED.has(node.name) || scope.variables.has(node.name)) &&
        // `loop` itself is not to be printed.
        node.name !== 'loop'
      );
    case 'list':
    case 'tuple':
      return all(node.items);
    case 'attribute':
      return node.object.kind === 'name' && isKnownField(node.object.name, node.name, scope);
    case 'call':
      return isPlainCall(node);
    case 'compare':
      return (
        isPlain(node.first, scope) &&
        node.rest.every(
          ([operator, operand]) =>
            (operator === '==' || operator === '!=') && isPlain(operand, scope),
        )
      );
    case 'concat':
      return all(node.parts);
    case 'logical':
      return all([node.left, node.right]);
    case 'conditional':
      return (
        node.otherwise !== undefined && all([node.condition, node.consequence, node.otherwise])
      );
    case 'unary':
      return node.operator === 'not' && isPlain(node.operand, scope);
    default:
      return false;
  }
}

function isKnownField(object: string, field: string, scope: Scope): boolean {
  if (object === 'target') return TARGET_FIELDS.has(field);
  if (object === 'this') return THIS_FIELDS.has(field);
  return object === 'loop' && scope.variables.has('loop') && LOOP_FIELDS.has(field);
}

/** The arguments are looked at by `findCalls`, which wants constants. */
function isPlainCall(node: Call): boolean {
  if (node.callee.kind !== 'name') return false;
  if (READING.has(node.callee.name)) return true;
  const { positional, keywords, splat, keywordSplat } = node.args;
  const hasNone =
    positional.length + keywords.length === 0 && splat === undefined && keywordSplat === undefined;
  return hasNone && ASKING.has(node.callee.name);
}
