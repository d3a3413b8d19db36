// Rendering templates: the doors of this folder.

import { callValue, type MacroDefinition, makeMacro } from './call.ts';
import { TemplateError } from './errors.ts';
import { evaluate } from './evaluate.ts';
import { execute, walker } from './execute.ts';
import type { Template } from './parse.ts';
import { toText } from './python-text.ts';
import type { Rendered } from './source-map.ts';
import { Frame, type RenderScope, RenderState, ReturnSignal } from './state.ts';
import { type FunctionValue, makeFunction, UndefinedValue, type Value } from './values.ts';

/** Renders a template to its text and the places that the text comes from. */
export function renderTemplate(template: Template, scope: RenderScope): Rendered {
  const state = new RenderState(scope, template.source.path);
  return running(state, () => {
    execute(template.root.body, new Frame(undefined, template.root.assigned), state);
    return { text: state.output.text, map: state.output.map };
  });
}

/**
 * The value of a template that is one `{{ expression }}`, of whatever type; a template with anything
 * else in it gives its text.
 */
export function evaluateTemplate(template: Template, scope: RenderScope): Value {
  const [only, ...more] = template.root.body;
  if (only?.kind !== 'output' || more.length > 0) return renderTemplate(template, scope).text;
  const state = new RenderState(scope, template.source.path, true);
  const frame = new Frame(undefined, template.root.assigned);
  return running(state, () => {
    const value = evaluate(only.expression, frame, state);
    return value instanceof UndefinedValue ? toText(value) : value;
  });
}

/** Makes a macro out of its definition, to be offered by a scope or called by `callMacro`. */
export function macroValue(definition: MacroDefinition): FunctionValue {
  return makeMacro(definition, undefined, walker);
}

/** Calls a macro from outside any template, as for `generate_schema_name`. */
export function callMacro(
  definition: MacroDefinition,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  scope: RenderScope,
): Value {
  const state = new RenderState(scope, definition.path, true);
  state.node = definition.macro;
  return running(state, () => callValue(macroValue(definition), args, kwargs, state.site()));
}

/** dbt's `return(value)`: ends the macro that it stands in and gives back the value itself. */
export const returnFunction: FunctionValue = makeFunction('return', (args) => {
  throw new ReturnSignal(args[0] ?? null);
});

function running<T>(state: RenderState, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ReturnSignal) {
      throw new TemplateError('`return` stands outside a macro', state.place(), {
        hint: 'Print the value, or move the code into a macro.',
      });
    }
    throw state.located(error);
  }
}
