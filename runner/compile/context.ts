// What templates of a node can name: dbt's context, as far as this version has it.

import { nearestName, UserError } from '../../core/errors.ts';
import { DictValue } from '../../core/template/dict.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { fromJson, toJson } from '../../core/template/json.ts';
import { returnFunction } from '../../core/template/render.ts';
import {
  asText,
  type CallSite,
  type FunctionValue,
  type HostObject,
  isUndefined,
  makeFunction,
  type Value,
} from '../../core/template/values.ts';
import type { CompileInputs, TargetFacts } from './inputs.ts';
import type { MacroLibrary } from './macro-library.ts';

/** What a node's templates do to the outside: answered differently while capturing and compiling. */
export interface NodeHandlers {
  ref(packageName: string | undefined, name: string, site: CallSite): Value;
  source(source: string, table: string, site: CallSite): Value;
  /** Hears each `config(…)` call. */
  config(values: ReadonlyMap<string, Value>, site: CallSite): void;
  /** Answers `config.get(…)`; undefined where the config is not set. */
  readConfig(name: string): Value | undefined;
}

/** What a node's templates know of it. */
export interface NodeFacts {
  /** `this`, or undefined where the node has no relation. */
  readonly relation: Value | undefined;
  /** The `model` variable. */
  readonly model: Value;
  /** False while refs and configs are gathered, true when the SQL is made. */
  readonly execute: boolean;
}

/** What is the same for every node of a project. */
export interface ProjectFacts {
  readonly inputs: CompileInputs;
  /** Vars after precedence: --vars, then the project's own, then its global ones. */
  readonly vars: ReadonlyMap<string, unknown>;
  readonly macros: MacroLibrary;
  /** Hears `log(…, info=true)` and `print`. */
  readonly onLog: (message: string) => void;
}

/** Names and values that templates of one node can use. */
export function nodeContext(
  project: ProjectFacts,
  node: NodeFacts,
  handlers: NodeHandlers,
): ReadonlyMap<string, Value> {
  const context = new Map<string, Value>(project.macros.globals);
  const add = (value: FunctionValue): void => {
    context.set(value.name, value);
  };
  for (const value of projectFunctions(project)) add(value);
  add(makeFunction('ref', (args, kwargs, site) => callRef(args, kwargs, site, handlers)));
  add(makeFunction('source', (args, kwargs, site) => callSource(args, kwargs, site, handlers)));
  context.set('config', configFunction(handlers));
  context.set('target', targetObject(project.inputs.target));
  context.set('model', node.model);
  context.set('execute', node.execute);
  context.set('run_started_at', project.inputs.runStartedAt);
  context.set('invocation_id', project.inputs.invocationId);
  if (node.relation !== undefined) context.set('this', node.relation);
  return context;
}

function projectFunctions(project: ProjectFacts): FunctionValue[] {
  return [
    makeFunction('var', (args, kwargs) => callVar(args, kwargs, project.vars)),
    makeFunction('env_var', (args, kwargs) => callEnvVar(args, kwargs, project.inputs.env)),
    makeFunction('is_incremental', () => false),
    makeFunction('should_full_refresh', () => false),
    returnFunction,
    makeFunction('log', (args, kwargs) => {
      if (kwargs.get('info') === true || args[1] === true) project.onLog(textOf(args[0] ?? ''));
      return '';
    }),
    makeFunction('print', (args) => {
      project.onLog(textOf(args[0] ?? ''));
      return '';
    }),
    makeFunction('tojson', (args) => JSON.stringify(toJson(args[0] ?? null))),
    makeFunction('fromjson', (args) => parseJson(args, 'fromjson')),
  ];
}

function callRef(
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  site: CallSite,
  handlers: NodeHandlers,
): Value {
  const words = args.map((arg) => asText(arg));
  const hasVersion = kwargs.has('v') || kwargs.has('version');
  if (hasVersion) throw new ValueFault('`ref` with a version is not supported yet');
  const [first, second] = words;
  if (words.length === 1 && first !== undefined) return handlers.ref(undefined, first, site);
  if (words.length === 2 && first !== undefined && second !== undefined) {
    return handlers.ref(first, second, site);
  }
  throw new ValueFault('`ref` takes the name of a model, as text', "write ref('model_name')");
}

function callSource(
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  site: CallSite,
  handlers: NodeHandlers,
): Value {
  const [source, table] = args.map((arg) => asText(arg));
  if (args.length !== 2 || kwargs.size > 0 || source === undefined || table === undefined) {
    throw new ValueFault('`source` takes a source and a table', "write source('source', 'table')");
  }
  return handlers.source(source, table, site);
}

/** `config` is called to set, and asked by `get` and `require`. */
function configFunction(handlers: NodeHandlers): HostObject {
  const methods: Readonly<Record<string, FunctionValue>> = {
    get: makeFunction('config.get', (args, kwargs) => {
      const fallback = args[1] ?? kwargs.get('default') ?? null;
      return handlers.readConfig(nameArgument('config.get', args)) ?? fallback;
    }),
    require: makeFunction('config.require', (args) => {
      const name = nameArgument('config.require', args);
      const value = handlers.readConfig(name);
      if (value === undefined)
        throw new ValueFault(`config \`${name}\` is required here and not set`);
      return value;
    }),
  };
  return {
    kind: 'host',
    typeName: 'config',
    getAttribute: (name) => (Object.hasOwn(methods, name) ? methods[name] : undefined),
    toText: () => {
      throw new ValueFault('`config` is to be called', 'write config(materialized=…)');
    },
    call: (args, kwargs, site) => {
      const given = new Map(kwargs);
      for (const arg of args) {
        if (!(arg instanceof DictValue)) {
          throw new ValueFault(
            '`config` takes named options',
            "write config(materialized='table')",
          );
        }
        for (const [key, value] of arg.entries()) given.set(asText(key) ?? '', value);
      }
      handlers.config(given, site);
      return '';
    },
  };
}

function callVar(
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  vars: ReadonlyMap<string, unknown>,
): Value {
  const name = nameArgument('var', args);
  if (vars.has(name)) return fromJson(vars.get(name));
  const fallback = args[1] ?? kwargs.get('default');
  if (fallback !== undefined) return fallback;
  throw new ValueFault(
    `variable \`${name}\` is not set`,
    nearestHint(name, vars.keys()) ?? `set it under \`vars:\` in dbt_project.yml, or with --vars`,
  );
}

function callEnvVar(
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  env: Readonly<Record<string, string | undefined>>,
): Value {
  const name = nameArgument('env_var', args);
  if (/^DBT_(ENV|ENGINE)_SECRET/.test(name)) {
    throw new ValueFault(
      `\`${name}\` is a secret, and compiled SQL is written to files and logs`,
      'use secrets in profiles.yml only',
    );
  }
  const value = env[name];
  if (value !== undefined) return value;
  const fallback = args[1] ?? kwargs.get('default');
  if (fallback !== undefined) return fallback;
  throw new ValueFault(
    `environment variable \`${name}\` is not set`,
    `set it, or give a default: env_var('${name}', '…')`,
  );
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
    getAttribute: (name) =>
      name === 'get'
        ? makeFunction('get', (args) => get(args[0] ?? '') ?? args[1] ?? null)
        : get(name),
    getItem: get,
    toText: () => target.name,
  };
}

function nameArgument(callee: string, args: readonly Value[]): string {
  const name = asText(args[0] ?? null);
  if (name === undefined) throw new ValueFault(`\`${callee}\` takes a name, as text`);
  return name;
}

function textOf(value: Value): string {
  return asText(value) ?? JSON.stringify(toJson(value));
}

function parseJson(args: readonly Value[], callee: string): Value {
  const text = asText(args[0] ?? null);
  if (text === undefined || isUndefined(args[0] ?? null)) {
    throw new ValueFault(`\`${callee}\` takes text`);
  }
  try {
    return fromJson(JSON.parse(text));
  } catch (error) {
    if (args[1] !== undefined) return args[1];
    throw new UserError(`\`${callee}\`: the text is not JSON`, { cause: error });
  }
}

function nearestHint(name: string, known: Iterable<string>): string | undefined {
  const nearest = nearestName(name, known);
  return nearest === undefined ? undefined : `did you mean \`${nearest}\`?`;
}
