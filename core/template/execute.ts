// Walks statements and writes their text.

import { makeMacro, type Walker } from './call.ts';
import { isTruthy } from './comparison.ts';
import { ValueFault } from './errors.ts';
import { evaluate, evaluateCall, evaluateFilter } from './evaluate.ts';
import { Loop } from './loop.ts';
import { toText } from './python-text.ts';
import { elementsOf, isHost, iteratorOf } from './sequence.ts';
import { OutputBuffer } from './source-map.ts';
import { Frame, type RenderState } from './state.ts';
import type { Body, CallBlock, For, Output, SetBlock, Statement, Target } from './syntax.ts';
import { isUndefined, type Value } from './values.ts';

type JumpKind = 'break' | 'continue' | undefined;

/** The evaluator, for the macros that it makes. */
export const walker: Walker = { evaluate, execute };

/** Executes a body; says whether it ended in a jump out of a loop pass. */
export function execute(body: Body, frame: Frame, state: RenderState): JumpKind {
  for (const statement of body) {
    const jump = executeOne(statement, frame, state);
    if (jump !== undefined) return jump;
  }
  return undefined;
}

function executeOne(node: Statement, frame: Frame, state: RenderState): JumpKind {
  switch (node.kind) {
    case 'text':
      state.output.add(node.text, state.path, node, 'text');
      return undefined;
    case 'output':
      print(node, frame, state);
      return undefined;
    case 'if': {
      const branch = node.branches.find((one) => isTruthy(evaluate(one.condition, frame, state)));
      return execute(branch?.body ?? node.otherwise, frame, state);
    }
    case 'for':
      return runLoop(node, frame, state);
    case 'macro': {
      const macro = makeMacro({ macro: node, path: state.path }, frame, walker);
      frame.variables.set(node.name, macro);
      return undefined;
    }
    case 'call-block':
      printCallBlock(node, frame, state);
      return undefined;
    case 'filter-block': {
      const text = capture(node.body, new Frame(frame), state);
      const value = evaluateFilter(node.filter, text, frame, state);
      state.output.add(toText(value), state.path, node, 'value');
      return undefined;
    }
    case 'set': {
      const value = evaluate(node.value, frame, state);
      state.node = node;
      assign(node.target, value, frame, state);
      return undefined;
    }
    case 'set-block':
      setBlock(node, frame, state);
      return undefined;
    case 'do':
      evaluate(node.expression, frame, state);
      return undefined;
    case 'with': {
      const inner = new Frame(frame);
      // All values are those of the surroundings: a binding does not see the one before it.
      const values = node.bindings.map(({ value }) => evaluate(value, frame, state));
      for (const [index, { target }] of node.bindings.entries()) {
        assign(target, values[index] ?? null, inner, state);
      }
      return execute(node.body, inner, state);
    }
    case 'break':
    case 'continue':
      return node.kind;
  }
}

function print(node: Output, frame: Frame, state: RenderState): void {
  state.lastMacro = undefined;
  const value = evaluate(node.expression, frame, state);
  state.node = node.expression;
  emit(toText(value), node, state);
}

/** Writes a value; where it is just what a macro wrote, with the places inside that macro. */
function emit(text: string, node: Output | CallBlock, state: RenderState): void {
  const written = state.lastMacro;
  if (written !== undefined && written.text === text) state.output.splice(written);
  else state.output.add(text, state.path, node, 'value');
}

function printCallBlock(node: CallBlock, frame: Frame, state: RenderState): void {
  const caller = makeMacro({ macro: node.caller, path: state.path }, frame, walker);
  state.lastMacro = undefined;
  const value = evaluateCall(node.call, frame, state, caller);
  state.node = node;
  emit(toText(value), node, state);
}

function setBlock(node: SetBlock, frame: Frame, state: RenderState): void {
  const text = capture(node.body, new Frame(frame), state);
  const value = node.filter === undefined ? text : evaluateFilter(node.filter, text, frame, state);
  state.node = node;
  assign(node.target, value, frame, state);
}

function capture(body: Body, frame: Frame, state: RenderState): string {
  const outer = state.output;
  state.output = new OutputBuffer();
  execute(body, frame, state);
  const { text } = state.output;
  state.output = outer;
  return text;
}

function runLoop(node: For, frame: Frame, state: RenderState): JumpKind {
  walkLoop(node, evaluate(node.iterable, frame, state), 1, frame, state);
  return undefined;
}

function walkLoop(
  node: For,
  iterable: Value,
  depth: number,
  frame: Frame,
  state: RenderState,
): void {
  state.node = node.iterable;
  const recurse = node.recursive
    ? (inner: Value): Value => {
        const outer = state.output;
        state.output = new OutputBuffer();
        state.enter('loop');
        walkLoop(node, inner, depth + 1, frame, state);
        state.calls.pop();
        const { text } = state.output;
        state.output = outer;
        return text;
      }
    : undefined;
  const source =
    node.filter === undefined ? iteratorOf(iterable) : filtered(node, iterable, frame, state);
  const loop = new Loop(source, node.filter === undefined ? iterable : undefined, depth, recurse);
  let walked = false;
  for (let value = loop.next(); value !== undefined; value = loop.next()) {
    walked = true;
    const pass = new Frame(frame);
    state.node = node.target;
    assign(node.target, value, pass, state);
    pass.variables.set('loop', loop);
    if (execute(node.body, pass, state) === 'break') return;
    state.node = node;
  }
  if (!walked) execute(node.otherwise, new Frame(frame), state);
}

function* filtered(node: For, iterable: Value, frame: Frame, state: RenderState): Iterator<Value> {
  const iterator = iteratorOf(iterable);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    const pass = new Frame(frame);
    assign(node.target, next.value, pass, state);
    if (node.filter === undefined || isTruthy(evaluate(node.filter, pass, state))) yield next.value;
  }
}

function assign(target: Target, value: Value, frame: Frame, state: RenderState): void {
  switch (target.kind) {
    case 'name':
      frame.variables.set(target.name, value);
      return;
    case 'namespace-target': {
      const namespace = state.lookup(target.namespace, frame, false);
      if (!isHost(namespace) || namespace.setAttribute === undefined) {
        throw new ValueFault(
          `\`${target.namespace}\` is no namespace, so \`${target.namespace}.${target.name}\` cannot be set`,
          'Make it with `namespace(…)`, or change a dict with `.update(…)`.',
        );
      }
      namespace.setAttribute(target.name, value);
      return;
    }
    case 'tuple-target': {
      if (isUndefined(value)) throw new ValueFault(value.reason);
      const items = elementsOf(value);
      if (items.length !== target.targets.length) {
        throw new ValueFault(`${items.length} values cannot fill ${target.targets.length} names`);
      }
      for (const [index, one] of target.targets.entries())
        assign(one, items[index] ?? null, frame, state);
    }
  }
}
