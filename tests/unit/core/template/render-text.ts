// What the tests of templates share: rendering with a scope of a few names.

import assert from 'node:assert/strict';
import { formatPlace } from '../../../../core/errors.ts';
import { callValue } from '../../../../core/template/call.ts';
import { makeDatetimeModule } from '../../../../core/template/datetime.ts';
import { DictValue } from '../../../../core/template/dict.ts';
import { TemplateError } from '../../../../core/template/errors.ts';
import { zip } from '../../../../core/template/globals.ts';
import { parseTemplate } from '../../../../core/template/parse.ts';
import { renderTemplate } from '../../../../core/template/render.ts';
import type { RenderScope } from '../../../../core/template/state.ts';
import { makeFunction, TupleValue, type Value } from '../../../../core/template/values.ts';

/** A scope of the given names. */
export function scopeOf(names: Readonly<Record<string, Value>>): RenderScope {
  const map = new Map(Object.entries(names));
  return { lookup: (name) => map.get(name), names: () => map.keys() };
}

const foo = makeFunction('foo', (_args, kwargs, site) => {
  const caller = kwargs.get('caller');
  return caller === undefined ? 'F()' : `F(${String(callValue(caller, [], new Map(), site))})`;
});

/** The context that the recorded answers of Jinja2 were given in. */
export const recordedScope = scopeOf({
  f2: makeFunction('f2', () => new TupleValue([1, 2])),
  adapter: DictValue.of([['foo', foo]]),
  d0: new DictValue(),
  zip,
  modules: DictValue.of([['datetime', makeDatetimeModule(() => new Date(0))]]),
});

/** The text of a template in `models/a.sql`. */
export function renderText(text: string, scope: RenderScope = recordedScope): string {
  return renderTemplate(parseTemplate({ path: 'models/a.sql', text }), scope).text;
}

/** The error of a template, which must be one with a place. */
export function renderFault(text: string, scope: RenderScope = recordedScope): TemplateError {
  try {
    renderText(text, scope);
  } catch (error) {
    assert.ok(error instanceof TemplateError, `no TemplateError but ${String(error)}`);
    return error;
  }
  return assert.fail(`no error for ${text}`);
}

/** The place of the error of a template, as `line:column`. */
export function faultPlace(text: string, scope: RenderScope = recordedScope): string {
  const { where } = renderFault(text, scope);
  assert.ok(where !== undefined);
  return formatPlace(where).replace('models/a.sql:', '');
}
