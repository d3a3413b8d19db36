// Calling values, and macros among them.

import { DictValue } from './dict.ts';
import { ValueFault } from './errors.ts';
import { describe } from './python-text.ts';
import { isHost } from './sequence.ts';
import { OutputBuffer } from './source-map.ts';
import type { RenderScope } from './state.ts';
import { Frame, RenderState, ReturnSignal } from './state.ts';
import type { Body, Expression, Macro } from './syntax.ts';
import {
  type CallSite,
  type FunctionValue,
  isUndefined,
  TupleValue,
  UndefinedValue,
  type Value,
} from './values.ts';

/** What a macro needs to run, beside its syntax. */
export interface MacroDefinition {
  readonly macro: Macro;
  readonly path: string;
  /** Turns the caller's scope into that of the macro, for packages that see their own macros first. */
  readonly scopeOf?: (caller: RenderScope) => RenderScope;
}

/** How the evaluator walks; handed in so that calls and evaluation do not import each other. */
export interface Walker {
  evaluate(expression: Expression, frame: Frame, state: RenderState): Value;
  execute(body: Body, frame: Frame, state: RenderState): unknown;
}

/** Calls a value; fails for what cannot be called. */
export function callValue(
  callee: Value,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  site: CallSite,
): Value {
  if (callee !== null && typeof callee === 'object') {
    if (callee.kind === 'function') return callee.call(args, kwargs, site);
    if (isHost(callee) && callee.call !== undefined) return callee.call(args, kwargs, site);
    if (isUndefined(callee)) throw new ValueFault(callee.reason);
  }
  throw new ValueFault(`${describe(callee)} cannot be called`);
}

/** Makes a macro callable; `closure` holds the variables around its definition, if any. */
export function makeMacro(
  definition: MacroDefinition,
  closure: Frame | undefined,
  walker: Walker,
): FunctionValue {
  const { macro } = definition;
  const attributes = new Map<string, Value>([
    ['name', macro.name],
    ['arguments', new TupleValue(macro.parameters.map((parameter) => parameter.name))],
    ['catch_kwargs', macro.catches.kwargs],
    ['catch_varargs', macro.catches.varargs],
    ['caller', macro.catches.caller],
  ]);
  return {
    kind: 'function',
    name: macro.name,
    isMacro: true,
    getAttribute: (name) => attributes.get(name),
    call: (args, kwargs, site) => {
      if (!(site.state instanceof RenderState))
        throw new TypeError('a macro is called outside a render');
      return runMacro({ definition, closure, walker }, args, kwargs, site.state);
    },
  };
}

function runMacro(
  {
    definition,
    closure,
    walker,
  }: { definition: MacroDefinition; closure: Frame | undefined; walker: Walker },
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  state: RenderState,
): Value {
  const { macro } = definition;
  const frame = new Frame(closure, macro.assigned);
  const pending = bindMacro(macro, args, kwargs, frame);
  const outer = { path: state.path, node: state.node, output: state.output, scope: state.scope };
  const depth = state.calls.length;
  state.enter(macro.name);
  state.path = definition.path;
  const output = new OutputBuffer();
  state.output = output;
  if (definition.scopeOf !== undefined) state.scope = definition.scopeOf(state.scope);
  let result: Value;
  try {
    for (const parameter of pending) {
      frame.variables.set(parameter.name, walker.evaluate(parameter.fallback, frame, state));
    }
    walker.execute(macro.body, frame, state);
    result = output.text;
    state.lastMacro = output;
  } catch (error) {
    // The body of a call block is no macro of its own: its return ends the macro that calls it.
    if (!(error instanceof ReturnSignal)) throw error;
    if (macro.name === 'caller') throw error;
    result = error.value;
  }
  state.calls.length = depth;
  Object.assign(state, outer);
  return result;
}

/** Fills in what the caller gave; returns the parameters whose defaults are still to be evaluated. */
function bindMacro(
  macro: Macro,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  frame: Frame,
): { name: string; fallback: Expression }[] {
  const rest = new Map(kwargs);
  const pending: { name: string; fallback: Expression }[] = [];
  for (const [index, { name, fallback }] of macro.parameters.entries()) {
    const positional = args[index];
    const value = positional ?? (index < args.length ? positional : rest.get(name));
    if (index >= args.length) rest.delete(name);
    if (value !== undefined) frame.variables.set(name, value);
    else if (fallback === undefined) {
      frame.variables.set(name, new UndefinedValue(`parameter \`${name}\` was not provided`));
    } else pending.push({ name, fallback });
  }
  if (
    macro.catches.caller &&
    !frame.variables.has('caller') &&
    !pending.some((one) => one.name === 'caller')
  ) {
    frame.variables.set('caller', rest.get('caller') ?? new UndefinedValue('no caller defined'));
    rest.delete('caller');
  }
  if (macro.catches.kwargs) {
    frame.variables.set('kwargs', DictValue.of(rest));
  } else {
    for (const name of rest.keys()) {
      throw new ValueFault(
        name === 'caller'
          ? `macro \`${macro.name}\` does not use \`caller\`, so it cannot stand in a call block`
          : `macro \`${macro.name}\` takes no keyword argument \`${name}\``,
      );
    }
  }
  if (macro.catches.varargs) {
    frame.variables.set('varargs', new TupleValue(args.slice(macro.parameters.length)));
  } else if (args.length > macro.parameters.length) {
    throw new ValueFault(
      `macro \`${macro.name}\` takes not more than ${macro.parameters.length} argument(s)`,
    );
  }
  return pending;
}
