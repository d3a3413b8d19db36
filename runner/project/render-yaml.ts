// Templates inside YAML: values that name the target, vars and the environment.

import { nearestName, type Place, UserError } from '../../core/errors.ts';
import { TemplateError, ValueFault } from '../../core/template/errors.ts';
import { fromJson, toJson } from '../../core/template/json.ts';
import { parseTemplate } from '../../core/template/parse.ts';
import { evaluateTemplate } from '../../core/template/render.ts';
import type { RenderScope } from '../../core/template/state.ts';
import {
  asText,
  type HostObject,
  makeFunction,
  orElse,
  type Value,
} from '../../core/template/values.ts';
import { isMapValue, type YamlFile, type YamlPath } from '../../core/yaml.ts';
import type { YamlInputs } from './types.ts';

/** Inputs for YAML that depends on nothing outside. */
export const noInputs: YamlInputs = { vars: {}, env: {} };

/**
 * Renders the templates of a YAML file; places stay those of the file. A value that is one `{{ … }}`
 * becomes what it gives, a boolean for instance; any other becomes text.
 */
export function renderYaml(
  yaml: YamlFile,
  scope: RenderScope,
  isRendered: (path: YamlPath) => boolean,
  faults: UserError[],
): YamlFile {
  const render = (value: unknown, path: YamlPath): unknown => {
    if (typeof value === 'string') {
      if (!hasTemplate(value) || !isRendered(path)) return value;
      try {
        return renderText(value, yaml.placeOf(path), scope);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        faults.push(error);
        return value;
      }
    }
    if (Array.isArray(value)) return value.map((item, index) => render(item, [...path, index]));
    if (!isMapValue(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, below]) => [key, render(below, [...path, key])]),
    );
  };
  return { ...yaml, value: render(yaml.value, []) };
}

/**
 * Renders one text of YAML to its value.
 * @throws {UserError} at `place`
 */
export function renderText(text: string, place: Place, scope: RenderScope): unknown {
  if (!hasTemplate(text)) return text;
  try {
    return toJson(evaluateTemplate(parseTemplate({ path: place.path, text }), scope));
  } catch (error) {
    if (!(error instanceof UserError || error instanceof ValueFault)) throw error;
    throw new UserError(error instanceof TemplateError ? error.sentence : error.message, {
      where: place,
      hint: error.hint,
      cause: error,
    });
  }
}

/** What templates in YAML can name: `target`, `var`, `env_var`. */
export function yamlScope(
  inputs: YamlInputs,
  projectVars: Readonly<Record<string, unknown>>,
  more: ReadonlyMap<string, Value> = new Map(),
): RenderScope {
  const vars = { ...projectVars, ...inputs.vars };
  const names = new Map<string, Value>([
    ['var', makeFunction('var', (args, keywords) => callVar(args, keywords, vars))],
    ['env_var', makeFunction('env_var', (args, keywords) => callEnvVar(args, keywords, inputs))],
    ...more,
  ]);
  if (inputs.target !== undefined) names.set('target', targetValue(inputs.target));
  return { lookup: (name) => names.get(name), names: () => [...names.keys()] };
}

function hasTemplate(text: string): boolean {
  return /\{[{%#]/.test(text);
}

function callVar(
  args: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
  vars: Readonly<Record<string, unknown>>,
): Value {
  const name = asText(args[0] ?? null);
  if (name === undefined) throw new ValueFault('`var` takes a name, as text');
  if (Object.hasOwn(vars, name)) return fromJson(vars[name]);
  const fallback = orElse(args[1], keywords.get('default'));
  if (fallback !== undefined) return fallback;
  const nearest = nearestName(name, Object.keys(vars));
  throw new ValueFault(
    `variable \`${name}\` is not set`,
    nearest ? `did you mean \`${nearest}\`?` : 'give it with --vars, or write a default',
  );
}

function callEnvVar(
  args: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
  { env }: YamlInputs,
): Value {
  const name = asText(args[0] ?? null);
  if (name === undefined) throw new ValueFault('`env_var` takes a name, as text');
  if (/^DBT_(ENV|ENGINE)_SECRET/.test(name)) {
    throw new ValueFault(
      `\`${name}\` is a secret, and what YAML says is written to artifacts`,
      'use secrets in profiles.yml and packages.yml only',
    );
  }
  const value = env[name] ?? args[1] ?? keywords.get('default');
  if (value !== undefined) return value;
  throw new ValueFault(
    `environment variable \`${name}\` is not set`,
    `set it, or give a default: \`env_var('${name}', '…')\``,
  );
}

function targetValue(target: Readonly<Record<string, string | number>>): HostObject {
  const get = (name: string) => (Object.hasOwn(target, name) ? target[name] : undefined);
  return {
    kind: 'host',
    typeName: 'target',
    getAttribute: (name) =>
      name === 'get'
        ? makeFunction('get', (args) => get(asText(args[0] ?? '') ?? '') ?? args[1] ?? null)
        : get(name),
    getItem: (key) => get(asText(key) ?? ''),
    toText: () => String(target['name'] ?? ''),
  };
}
