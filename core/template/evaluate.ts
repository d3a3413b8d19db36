// Walks expressions and gives their values.

import { applyBinary, applySign } from './arithmetic.ts';
import { attributeOf, itemOf } from './attributes.ts';
import { callValue } from './call.ts';
import { compareValues, contains, equals, isTruthy } from './comparison.ts';
import { DictValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import { applyFilter } from './filters.ts';
import { toText } from './python-text.ts';
import { elementsOf, sliceOf } from './sequence.ts';
import type { Frame, RenderState } from './state.ts';
import type {
  Arguments,
  Call,
  Compare,
  CompareOperator,
  Expression,
  Filter,
  Item,
  Test,
} from './syntax.ts';
import { applyTest } from './test-functions.ts';
import { asText, ListValue, TupleValue, UndefinedValue, type Value } from './values.ts';

/** Tests and filters under which a name may be unknown. */
const LENIENT_TESTS = new Set(['defined', 'undefined']);
const LENIENT_FILTERS = new Set(['default', 'd']);
const NO_KEYWORDS: ReadonlyMap<string, Value> = new Map();

/** The value of an expression. */
export function evaluate(node: Expression, frame: Frame, state: RenderState): Value {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'name':
      state.node = node;
      return state.lookup(node.name, frame, false);
    case 'list':
      return new ListValue(node.items.map((item) => evaluate(item, frame, state)));
    case 'tuple':
      return new TupleValue(node.items.map((item) => evaluate(item, frame, state)));
    case 'dict':
      return evaluateDict(node.entries, frame, state);
    case 'attribute': {
      const object = evaluate(node.object, frame, state);
      state.node = node;
      return attributeOf(object, node.name);
    }
    case 'item':
      return evaluateItem(node, frame, state);
    case 'call':
      return evaluateCall(node, frame, state);
    case 'filter':
      return evaluateFilter(node, undefined, frame, state);
    case 'test':
      return evaluateTest(node, frame, state);
    case 'compare':
      return evaluateCompare(node, frame, state);
    case 'concat':
      return node.parts.map((part) => printed(part, frame, state)).join('');
    case 'logical': {
      const left = evaluate(node.left, frame, state);
      return isTruthy(left) === (node.operator === 'or')
        ? left
        : evaluate(node.right, frame, state);
    }
    case 'conditional':
      if (isTruthy(evaluate(node.condition, frame, state)))
        return evaluate(node.consequence, frame, state);
      if (node.otherwise !== undefined) return evaluate(node.otherwise, frame, state);
      return new UndefinedValue('the inline `if` was false and has no `else`');
    case 'unary': {
      const operand = evaluate(node.operand, frame, state);
      state.node = node;
      return node.operator === 'not' ? !isTruthy(operand) : applySign(node.operator, operand);
    }
    case 'binary': {
      const left = evaluate(node.left, frame, state);
      const right = evaluate(node.right, frame, state);
      state.node = node;
      return applyBinary(node.operator, left, right);
    }
  }
}

function printed(node: Expression, frame: Frame, state: RenderState): string {
  const value = evaluate(node, frame, state);
  state.node = node;
  return toText(value);
}

function evaluateDict(
  entries: readonly (readonly [Expression, Expression])[],
  frame: Frame,
  state: RenderState,
): Value {
  const dict = new DictValue();
  for (const [keyNode, valueNode] of entries) {
    const key = evaluate(keyNode, frame, state);
    const value = evaluate(valueNode, frame, state);
    state.node = keyNode;
    dict.set(key, value);
  }
  return dict;
}

function evaluateItem(node: Item, frame: Frame, state: RenderState): Value {
  const object = evaluate(node.object, frame, state);
  const { index } = node;
  if (index.kind !== 'slice') {
    const key = evaluate(index, frame, state);
    state.node = node;
    return itemOf(object, key);
  }
  const bound = (expression: Expression | undefined): Value =>
    expression === undefined ? null : evaluate(expression, frame, state);
  const bounds = [bound(index.start), bound(index.stop), bound(index.step)] as const;
  state.node = node;
  return sliceOf(object, bounds);
}

/** Evaluates a call; `caller` is the body of a call block. */
export function evaluateCall(node: Call, frame: Frame, state: RenderState, caller?: Value): Value {
  const callee = evaluate(node.callee, frame, state);
  const [args, kwargs] = evaluateArguments(node.args, frame, state);
  const all = caller === undefined ? kwargs : new Map([...kwargs, ['caller', caller]]);
  state.node = node;
  return callValue(callee, args, all, state.site());
}

function evaluateArguments(
  args: Arguments,
  frame: Frame,
  state: RenderState,
): [Value[], ReadonlyMap<string, Value>] {
  const positional = args.positional.map((argument) => evaluate(argument, frame, state));
  if (args.splat !== undefined) positional.push(...elementsOf(evaluate(args.splat, frame, state)));
  if (args.keywords.length === 0 && args.keywordSplat === undefined)
    return [positional, NO_KEYWORDS];
  const keywords = new Map(
    args.keywords.map(([name, value]) => [name, evaluate(value, frame, state)]),
  );
  if (args.keywordSplat !== undefined) spread(evaluate(args.keywordSplat, frame, state), keywords);
  return [positional, keywords];
}

function spread(dict: Value, keywords: Map<string, Value>): void {
  if (!(dict instanceof DictValue)) throw new ValueFault('what follows `**` must be a dict');
  for (const [key, value] of dict.entries()) {
    const name = asText(key);
    if (name === undefined) throw new ValueFault('the keys of a dict after `**` must be texts');
    if (keywords.has(name)) throw new ValueFault(`the argument \`${name}\` is given twice`);
    keywords.set(name, value);
  }
}

/** Evaluates a filter; `piped` stands in for the target that a filter block has none of. */
export function evaluateFilter(
  node: Filter,
  piped: Value | undefined,
  frame: Frame,
  state: RenderState,
): Value {
  const target = filterTarget(node, piped, frame, state);
  const [args, kwargs] = evaluateArguments(node.args, frame, state);
  state.node = node;
  return applyFilter(node.name, target, args, kwargs, state);
}

function filterTarget(
  node: Filter,
  piped: Value | undefined,
  frame: Frame,
  state: RenderState,
): Value {
  const { target } = node;
  if (target === undefined) return piped ?? '';
  if (target.kind === 'name' && LENIENT_FILTERS.has(node.name))
    return state.lookup(target.name, frame, true);
  return target.kind === 'filter'
    ? evaluateFilter(target, piped, frame, state)
    : evaluate(target, frame, state);
}

function evaluateTest(node: Test, frame: Frame, state: RenderState): Value {
  const { target } = node;
  const value =
    target.kind === 'name' && LENIENT_TESTS.has(node.name)
      ? state.lookup(target.name, frame, true)
      : evaluate(target, frame, state);
  const [args, kwargs] = evaluateArguments(node.args, frame, state);
  state.node = node;
  return applyTest(node.name, value, args, kwargs, state);
}

function evaluateCompare(node: Compare, frame: Frame, state: RenderState): Value {
  let left = evaluate(node.first, frame, state);
  for (const [operator, operand] of node.rest) {
    const right = evaluate(operand, frame, state);
    state.node = node;
    if (!holds(operator, left, right)) return false;
    left = right;
  }
  return true;
}

function holds(operator: CompareOperator, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case '<':
      return compareValues(left, right, '<') < 0;
    case '<=':
      return compareValues(left, right, '<=') <= 0;
    case '>':
      return compareValues(left, right, '>') > 0;
    case '>=':
      return compareValues(left, right, '>=') >= 0;
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
  }
}
