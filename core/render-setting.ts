// Strings of profiles.yml: the same template language as models, with `env_var` alone.

import { type Place, UserError } from './errors.ts';
import type { Env } from './settings.ts';
import { TemplateError, ValueFault } from './template/errors.ts';
import { parseTemplate } from './template/parse.ts';
import { evaluateTemplate, renderTemplate } from './template/render.ts';
import type { RenderScope } from './template/state.ts';
import { FloatValue, type FunctionValue, makeFunction, type Value } from './template/values.ts';

/** What a setting can be once it is rendered. */
export type SettingValue = string | number | boolean | null;

/**
 * Renders a string of profiles.yml. A string that is one `{{ … }}` gives the value itself, so that
 * `as_number` and its like have their effect; any other gives text, as all do where text is asked for.
 * @throws {UserError} at `place`; no value of the environment is in the message, it may be a secret.
 */
export function renderSetting(
  text: string,
  place: Place,
  env: Env,
  as: 'value' | 'text' = 'value',
): SettingValue {
  if (!/\{[{%#]/.test(text)) return text;
  const read = new Set<string>();
  try {
    const template = parseTemplate({ path: place.path, text });
    const scope = scopeOf(env, read);
    if (as === 'text') return renderTemplate(template, scope).text;
    return settingValue(evaluateTemplate(template, scope));
  } catch (error) {
    if (!(error instanceof UserError || error instanceof ValueFault)) throw error;
    const message = error instanceof TemplateError ? error.sentence : error.message;
    throw new UserError(hide(message, read), {
      where: place,
      hint: error.hint === undefined ? undefined : hide(error.hint, read),
    });
  }
}

function scopeOf(env: Env, read: Set<string>): RenderScope {
  const envVar = envVarFunction(env, read);
  return {
    lookup: (name) => (name === 'env_var' ? envVar : undefined),
    names: () => ['env_var'],
  };
}

function envVarFunction(env: Env, read: Set<string>): FunctionValue {
  return makeFunction('env_var', (args, keywords) => {
    const name = args[0] ?? keywords.get('var');
    const fallback = args[1] ?? keywords.get('default');
    if (typeof name !== 'string') {
      throw new ValueFault('`env_var` needs the name of a variable', "Write `env_var('NAME')`.");
    }
    const value = env[name];
    if (value !== undefined) {
      read.add(value);
      return value;
    }
    if (fallback !== undefined && fallback !== null) return fallback;
    throw new ValueFault(
      `environment variable \`${name}\` is not set`,
      `set it, or give a default: \`env_var('${name}', '…')\``,
    );
  });
}

function settingValue(value: Value): SettingValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return value;
  if (value instanceof FloatValue) return value.value;
  throw new ValueFault('a setting is text, a number or a boolean');
}

function hide(message: string, values: ReadonlySet<string>): string {
  let clean = message;
  for (const value of values) if (value !== '') clean = clean.replaceAll(value, '*****');
  return clean;
}
