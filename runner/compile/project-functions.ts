// Names of the context that are the same for every node of a package.

import { nearestName } from '../../core/errors.ts';
import { makeDatetimeModule } from '../../core/template/datetime.ts';
import { DictValue } from '../../core/template/dict.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { fromJson } from '../../core/template/json.ts';
import { toText } from '../../core/template/python-text.ts';
import { returnFunction } from '../../core/template/render.ts';
import {
  asText,
  type CallSite,
  type FunctionValue,
  type HostObject,
  ListValue,
  makeFunction,
  orElse,
  type Value,
} from '../../core/template/values.ts';
import { NeedsSelection } from './answers.ts';
import { columnClass } from './column-value.ts';
import type { ProjectFacts } from './context.ts';
import { dataFunctions } from './data-functions.ts';
import { exceptionsValue } from './exceptions-value.ts';
import type { TargetFacts } from './inputs.ts';
import { moduleOf, modulesValue } from './modules-value.ts';
import { relationClass } from './relation-value.ts';
import { LazyNames } from './scope.ts';
import type { NodeId } from './types.ts';

/** The version of dbt whose behaviour templates find here. */
export const dbtVersion = '1.10.15';

/** Makes the names; `execute` false is the pass that only hears. */
export function projectNames(
  project: ProjectFacts,
  packageName: string,
  execute: boolean,
): LazyNames {
  const { inputs } = project;
  const say = (message: string): void => project.onLog(maskSecrets(message, inputs.env));
  const now = (): Date => new Date(inputs.runStartedAt);
  const names = new LazyNames();
  const makers: Readonly<Record<string, () => Value>> = {
    var: () => varFunction(project.varsOf?.(packageName) ?? project.vars, execute),
    target: () => targetObject(inputs.target),
    env: () => targetObject(inputs.target),
    modules: () => modulesValue(now),
    exceptions: () => exceptionsValue((message) => say(`warning: ${message}`)),
    api: () => apiModule,
    run_started_at: () => startedAt(now),
    flags: () => flagsObject(inputs.flags ?? {}),
    selected_resources: () => selectedResources(inputs.selectedResources, execute),
    invocation_args_dict: () => invocationArgs(inputs.flags ?? {}),
    dbt_metadata_envs: () => metadataEnvs(inputs.env),
  };
  for (const [name, make] of Object.entries(makers)) names.setLazily(name, make);
  const values: Readonly<Record<string, Value>> = {
    column: columnClass,
    execute,
    invocation_id: inputs.invocationId,
    dbt_version: dbtVersion,
    thread_id: 'MainThread',
    project_name: project.projectName ?? packageName,
    database: inputs.target.database,
    schema: inputs.target.schema,
  };
  for (const [name, value] of Object.entries(values)) names.set(name, value);
  const functions: readonly FunctionValue[] = [
    makeFunction('env_var', (args, kwargs) => callEnvVar(args, kwargs, inputs.env)),
    returnFunction,
    makeFunction('log', (args, kwargs) => {
      if ((kwargs.get('info') ?? args[1]) === true) say(toText(args[0] ?? kwargs.get('msg') ?? ''));
      return '';
    }),
    makeFunction('print', (args) => {
      const message = maskSecrets(toText(args[0] ?? ''), inputs.env);
      (project.onPrint ?? project.onLog)(message);
      return '';
    }),
    makeFunction('try_or_compiler_error', callTry),
    ...dataFunctions,
  ];
  for (const value of functions) names.set(value.name, value);
  return names;
}

/** As in dbt empty while nothing is executed; then the ids of the nodes that the run is about. */
function selectedResources(selected: readonly NodeId[] | undefined, execute: boolean): Value {
  if (!execute) return new ListValue();
  if (selected === undefined) throw new NeedsSelection('the nodes of the run are not chosen yet');
  return new ListValue([...selected]);
}

const apiModule = moduleOf(
  'api',
  new Map([
    ['Relation', relationClass],
    ['Column', columnClass],
  ]),
);

/** The clock of the run, as `run_started_at` has it. */
function startedAt(now: () => Date): Value {
  const datetime = makeDatetimeModule(now).getAttribute('datetime');
  if (typeof datetime !== 'object' || datetime === null || datetime.kind !== 'host') return null;
  const current = datetime.getAttribute('utcnow');
  if (typeof current !== 'object' || current === null || current.kind !== 'function') return null;
  const moment = current.call([], new Map(), { place: { path: '' }, chain: [], state: undefined });
  if (typeof moment !== 'object' || moment === null || moment.kind !== 'host') return null;
  return inUtc(moment);
}

/** A moment that knows that it is in UTC, and prints so, as do those reckoned from it. */
function inUtc(moment: HostObject): HostObject {
  const zoned = (text: string): string => `${text}+00:00`;
  const again = (value: Value | undefined): Value | undefined =>
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'host'
      ? value.typeName === 'datetime'
        ? inUtc(value)
        : value
      : value;
  return {
    ...moment,
    toText: () => zoned(moment.toText()),
    operate: (operator, other, isReflected) =>
      again(moment.operate?.(operator, other, isReflected)),
    getAttribute: (name) => {
      const member = moment.getAttribute(name);
      if (typeof member !== 'object' || member === null || member.kind !== 'function')
        return member;
      if (name === 'isoformat') {
        return makeFunction(name, (args, kwargs, site) =>
          zoned(toText(member.call(args, kwargs, site))),
        );
      }
      if (name === 'strftime') {
        return makeFunction(name, ([format, ...rest], kwargs, site) => {
          const text = asText(format ?? null)?.replace(/%([zZ%])/g, (whole, directive: string) =>
            directive === '%' ? whole : directive === 'z' ? '+0000' : 'UTC',
          );
          return member.call(text === undefined ? [] : [text, ...rest], kwargs, site);
        });
      }
      return makeFunction(
        name,
        (args, kwargs, site) => again(member.call(args, kwargs, site)) ?? null,
      );
    },
  };
}

function varFunction(vars: ReadonlyMap<string, unknown>, execute: boolean): HostObject {
  return {
    kind: 'host',
    typeName: 'var',
    getAttribute: (name) =>
      name === 'has_var'
        ? makeFunction('var.has_var', (args) => vars.has(nameArgument('var.has_var', args)))
        : undefined,
    toText: () => {
      throw new ValueFault('`var` is to be called', "write var('name')");
    },
    call: (args, kwargs) => {
      const name = nameArgument('var', args);
      if (vars.has(name)) return fromJson(vars.get(name));
      const fallback = orElse(args[1], kwargs.get('default'));
      if (fallback !== undefined) return fallback;
      // As in dbt: where nothing is executed yet, a branch that is never taken may miss one.
      if (!execute) return null;
      throw new ValueFault(
        `variable \`${name}\` is not set`,
        nearestHint(name, vars.keys()) ?? 'set it under `vars:` in dbt_project.yml, or with --vars',
      );
    },
  };
}

const SECRET = /^DBT_(?:ENV|ENGINE)_SECRET/;

function callEnvVar(
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  env: Readonly<Record<string, string | undefined>>,
): Value {
  const name = nameArgument('env_var', args);
  if (SECRET.test(name)) {
    throw new ValueFault(
      `\`${name}\` is a secret, and compiled SQL is written to files and logs`,
      'use secrets in profiles.yml only',
    );
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined) return value;
  const fallback = args[1] ?? kwargs.get('default') ?? null;
  if (fallback !== null) return fallback;
  throw new ValueFault(
    `environment variable \`${name}\` is not set`,
    `set it, or give a default: env_var('${name}', '…')`,
  );
}

/** A secret may reach a message by other ways than its variable; it is shown as stars. */
export function maskSecrets(
  message: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const secrets = Object.entries(env).flatMap(([name, value]) =>
    SECRET.test(name) && value !== undefined && value !== '' ? [value] : [],
  );
  return secrets
    .sort((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, '*****'), message);
}

function metadataEnvs(env: Readonly<Record<string, string | undefined>>): Value {
  const prefixes = ['DBT_ENV_CUSTOM_ENV_', 'DBT_ENGINE_ENV_CUSTOM_ENV_'];
  return DictValue.of(
    Object.keys(env)
      .sort()
      .flatMap((name): [Value, Value][] => {
        const prefix = prefixes.find((one) => name.startsWith(one));
        return prefix === undefined ? [] : [[name.slice(prefix.length), env[name] ?? '']];
      }),
  );
}

/** `try_or_compiler_error(message, function, …)`: the message in place of the function's fault. */
function callTry(
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  site: CallSite,
): Value {
  const [message, callee, ...rest] = args;
  if (typeof callee !== 'object' || callee === null || !('call' in callee) || !callee.call) {
    throw new ValueFault('`try_or_compiler_error` takes a message and a function');
  }
  try {
    return callee.call(rest, kwargs, site);
  } catch (error) {
    if (!(error instanceof ValueFault)) throw error;
    throw new ValueFault(toText(message ?? ''));
  }
}

/** dbt's flags; those that this program has not are as dbt has them by default. */
const DEFAULT_FLAGS: Readonly<Record<string, unknown>> = {
  FULL_REFRESH: false,
  STORE_FAILURES: false,
  WHICH: 'compile',
  EMPTY: false,
  DEBUG: false,
  FAIL_FAST: false,
  QUIET: false,
  INTROSPECT: true,
  WARN_ERROR: false,
  USE_COLORS: false,
  DEFER: false,
  FAVOR_STATE: false,
  INDIRECT_SELECTION: 'eager',
  PARTIAL_PARSE: true,
  STATIC_PARSER: true,
  VERSION_CHECK: true,
  WRITE_JSON: true,
  CACHE_SELECTED_ONLY: false,
  SEND_ANONYMOUS_USAGE_STATS: false,
  PRINT: true,
  LOG_FORMAT: 'default',
};

/** The same as `flags`, under the names of the command line's options. */
function invocationArgs(given: Readonly<Record<string, unknown>>): Value {
  const flags = Object.entries({ ...DEFAULT_FLAGS, ...given });
  return fromJson(Object.fromEntries(flags.map(([name, value]) => [name.toLowerCase(), value])));
}

function flagsObject(given: Readonly<Record<string, unknown>>): HostObject {
  const flags: Readonly<Record<string, unknown>> = { ...DEFAULT_FLAGS, ...given };
  const get = (name: string): Value | undefined => {
    const key = name.toUpperCase();
    return Object.hasOwn(flags, key) ? fromJson(flags[key]) : undefined;
  };
  return {
    kind: 'host',
    typeName: 'flags',
    getAttribute: (name) =>
      name === 'get'
        ? makeFunction(
            'flags.get',
            (args) => get(nameArgument('flags.get', args)) ?? args[1] ?? null,
          )
        : get(name),
    toText: () => {
      throw new ValueFault('`flags` cannot be printed', 'print one of them, as flags.FULL_REFRESH');
    },
  };
}

function targetObject(target: TargetFacts): HostObject {
  const attributes: Readonly<Record<string, Value>> = {
    profile_name: target.profile,
    name: target.name,
    target_name: target.name,
    type: 'postgres',
    database: target.database,
    dbname: target.database,
    schema: target.schema,
    threads: target.threads,
    host: target.host,
    port: target.port,
    user: target.user,
  };
  const get = (key: Value): Value | undefined => {
    const name = asText(key) ?? '';
    return Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  };
  return {
    kind: 'host',
    typeName: 'target',
    isMapping: true,
    getAttribute: (name) =>
      name === 'get'
        ? makeFunction('get', (args) => get(args[0] ?? '') ?? args[1] ?? null)
        : get(name),
    getItem: get,
    contains: (name) => get(name) !== undefined,
    toText: () => target.name,
  };
}

/** The first argument of a call, which names something. */
export function nameArgument(callee: string, args: readonly Value[]): string {
  const name = asText(args[0] ?? null);
  if (name === undefined) throw new ValueFault(`\`${callee}\` takes a name, as text`);
  return name;
}

/** A hint that names the nearest of the known names. */
export function nearestHint(name: string, known: Iterable<string>): string | undefined {
  const nearest = nearestName(name, known);
  return nearest === undefined ? undefined : `did you mean \`${nearest}\`?`;
}
