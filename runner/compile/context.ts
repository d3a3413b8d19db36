// What templates of a node can name: dbt's context for a project on PostgreSQL.

import { bindArguments } from '../../core/template/arguments.ts';
import { DictValue } from '../../core/template/dict.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { toText } from '../../core/template/python-text.ts';
import {
  asText,
  type CallSite,
  FloatValue,
  type HostObject,
  makeFunction,
  type Value,
} from '../../core/template/values.ts';
import type { Quoting } from '../project/types.ts';
import { adapterValue } from './adapter-value.ts';
import type { Answers } from './answers.ts';
import type { ConfigReport } from './config.ts';
import { configValue } from './config-value.ts';
import type { CompileInputs } from './inputs.ts';
import { type Introspection, introspectionOf } from './introspection.ts';
import { type MacroLibrary, withFunctions } from './macro-library.ts';
import { nameArgument, nearestHint, projectNames } from './project-functions.ts';
import { isRelation, relationValue } from './relation-value.ts';
import { type LazyNames, makeScope, type NodeScope } from './scope.ts';
import { statementFunctions } from './statement-functions.ts';

/** What a node's templates do to the outside: answered differently while capturing and compiling. */
export interface NodeHandlers {
  /** `version` is set where the call names one. */
  ref(packageName: string | undefined, name: string, site: CallSite, version?: string): Value;
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
  /** The `model` variable; a getter where it is made only for templates that ask. */
  readonly model: Value;
  /** False while refs and configs are gathered, true when the SQL is made. */
  readonly execute: boolean;
  /** The package whose macros and vars the node sees first; that of `model` where absent. */
  readonly packageName?: string;
  /** Hears what `is_incremental()` answered. */
  readonly onIncremental?: (answer: boolean) => void;
}

/** What is the same for every node of a project. */
export interface ProjectFacts {
  readonly inputs: CompileInputs;
  /** Vars after precedence: --vars, then the project's own, then its global ones. */
  readonly vars: ReadonlyMap<string, unknown>;
  readonly macros: MacroLibrary;
  /** `quoting` of dbt_project.yml; every part stands in quotes where absent. */
  readonly quoting?: Quoting | undefined;
  /** Hears `log(…, info=true)`, and `print` where nobody else hears it. */
  readonly onLog: (message: string) => void;
  /** Hears `print`. */
  readonly onPrint?: (message: string) => void;
  readonly projectName?: string;
  /** What becomes of unknown configs of a package's nodes. */
  readonly configReport?: (packageName: string) => ConfigReport;
  /** The vars that nodes of a package see; `vars` where absent. */
  readonly varsOf?: (packageName: string) => ReadonlyMap<string, unknown>;
  /** What the database has said so far. */
  readonly answers?: Answers;
  /** Whether queries of a template may write, as those of hooks may; false where absent. */
  readonly mayWrite?: boolean;
  /** The text of a docs block, asked from a package. */
  readonly docOf?: (
    from: string,
    packageName: string | undefined,
    name: string,
  ) => string | undefined;
  /** `graph`, made when it is first asked for. */
  readonly graph?: () => Value;
}

/** Names and values that templates of one node can use. */
export function nodeContext(
  project: ProjectFacts,
  node: NodeFacts,
  handlers: NodeHandlers,
): NodeScope {
  const packageName = node.packageName ?? packageOf(node.model) ?? project.projectName ?? '';
  const { database } = project.inputs.target;
  const introspection = introspectionOf(
    database,
    project.answers ?? new Map(),
    node.execute,
    project.mayWrite,
  );
  const context = projectNames(project, packageName, node.execute);
  const ref = makeFunction('ref', (args, kwargs, site) => callRef(args, kwargs, site, handlers));
  const source = makeFunction('source', (args, kwargs, site) =>
    callSource(args, kwargs, site, handlers),
  );
  const likeMacros = [
    ...statementFunctions(introspection),
    ...relationFunctions(project, node, introspection),
  ];
  for (const value of [ref, source, ...likeMacros]) context.set(value.name, value);
  context.setLazily('dbt', () =>
    withFunctions(project.macros.internal, new Map(likeMacros.map((value) => [value.name, value]))),
  );
  context.set(
    'doc',
    makeFunction('doc', (args) => callDoc(args, packageName, project)),
  );
  context.set('config', configValue(handlers, node.execute));
  context.setLazily('model', () => node.model);
  context.setLazily('adapter', () =>
    adapterValue({
      introspection,
      dispatch: (name, macroNamespace) =>
        project.macros.dispatch(packageName, name, macroNamespace),
    }),
  );
  context.setLazily('builtins', () => builtinsOf(context));
  context.set('this', node.relation ?? null);
  context.setLazily('pre_hooks', () => listOf(node.model, 'pre-hook'));
  context.setLazily('post_hooks', () => listOf(node.model, 'post-hook'));
  const makeGraph = node.execute ? project.graph : undefined;
  context.setLazily('graph', () => (makeGraph === undefined ? new DictValue() : makeGraph()));
  return makeScope(project.macros.visibleFrom(packageName), context);
}

function packageOf(model: Value): string | undefined {
  return model instanceof DictValue ? asText(model.get('package_name') ?? null) : undefined;
}

function listOf(model: Value, key: string): Value {
  const config = model instanceof DictValue ? model.get('config') : undefined;
  return (config instanceof DictValue ? config.get(key) : undefined) ?? null;
}

function callRef(
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  site: CallSite,
  handlers: NodeHandlers,
): Value {
  for (const name of kwargs.keys()) {
    if (name !== 'v' && name !== 'version') {
      throw new ValueFault(`\`ref\` has no argument \`${name}\``);
    }
  }
  const [first, second] = args.map((arg) => asText(arg));
  const given = kwargs.get('version') ?? kwargs.get('v') ?? null;
  const version = given === null ? undefined : versionText(given);
  if (args.length === 1 && first !== undefined) {
    return handlers.ref(undefined, first, site, version);
  }
  if (args.length === 2 && second !== undefined && (first !== undefined || args[0] === null)) {
    return handlers.ref(first, second, site, version);
  }
  throw new ValueFault('`ref` takes the name of a model, as text', "write ref('model_name')");
}

function versionText(value: Value): string {
  const text = asText(value);
  if (text !== undefined) return text;
  if (typeof value === 'number' || value instanceof FloatValue) return toText(value);
  throw new ValueFault('the version of a `ref` is a text or a number');
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

/** The functions that dbt writes as macros on top of `adapter.get_relation`. */
function relationFunctions(project: ProjectFacts, node: NodeFacts, introspection: Introspection) {
  const fullRefresh = (): boolean => {
    const own = node.model instanceof DictValue ? node.model.get('config') : undefined;
    const config = own instanceof DictValue ? own.get('full_refresh') : undefined;
    if (typeof config === 'boolean') return config;
    return project.inputs.flags?.['FULL_REFRESH'] === true;
  };
  const relationHere = (value: Value): Value => {
    if (!isRelation(value)) throw new ValueFault('a relation is expected here');
    const { schema, identifier } = value.relation.path;
    return introspection.getRelation(schema ?? '', identifier ?? '');
  };
  const isIncremental = (): boolean => {
    if (!node.execute || fullRefresh() || node.relation === undefined) return false;
    const own = node.model instanceof DictValue ? node.model.get('config') : undefined;
    const materialized = own instanceof DictValue ? own.get('materialized') : undefined;
    if (materialized !== 'incremental') return false;
    const found = relationHere(node.relation);
    return isRelation(found) && found.relation.type === 'table';
  };
  return [
    makeFunction('should_full_refresh', fullRefresh),
    makeFunction('is_incremental', () => {
      const answer = isIncremental();
      node.onIncremental?.(answer);
      return answer;
    }),
    makeFunction('load_relation', (args, kwargs) => {
      const [relation] = bindArguments('load_relation', ['relation'], 1, args, kwargs);
      return introspection.execute ? relationHere(relation ?? null) : null;
    }),
    makeFunction('load_cached_relation', (args, kwargs) => {
      const [relation] = bindArguments('load_cached_relation', ['relation'], 1, args, kwargs);
      return introspection.execute ? relationHere(relation ?? null) : null;
    }),
    makeFunction('get_columns_in_relation', (args, kwargs, site) => {
      const adapter = adapterValue({
        introspection,
        dispatch: (name) => project.macros.dispatch('', name, undefined),
      });
      const method = adapter.getAttribute('get_columns_in_relation');
      if (typeof method !== 'object' || method === null || method.kind !== 'function') return null;
      return method.call(args, kwargs, site);
    }),
    makeFunction('make_temp_relation', (args, kwargs) => {
      const names = ['base_relation', 'suffix'];
      const [base, suffix] = bindArguments('make_temp_relation', names, 1, args, kwargs);
      if (!isRelation(base)) throw new ValueFault('`make_temp_relation` takes a relation');
      const { schema, identifier } = base.relation.path;
      const end = asText(suffix ?? null) ?? '__dbt_tmp';
      const name = { schema: schema ?? '', identifier: `${identifier ?? ''}${end}` };
      return relationValue(project.inputs.target.database, name);
    }),
  ];
}

function callDoc(args: readonly Value[], from: string, project: ProjectFacts): Value {
  const words = args.map((arg) => asText(arg));
  const [first, second] = words;
  const [packageName, name] = args.length === 2 ? [first, second] : [undefined, first];
  if (name === undefined || args.length > 2) nameArgument('doc', []);
  const text = name === undefined ? undefined : project.docOf?.(from, packageName, name);
  if (text !== undefined) return text;
  throw new ValueFault(`there is no docs block \`${words.join('.')}\``);
}

/** dbt's own meaning of names that a project may have taken for macros. */
function builtinsOf(own: LazyNames): HostObject {
  return {
    kind: 'host',
    typeName: 'builtins',
    isMapping: true,
    getAttribute: (name) => {
      const found = own.get(name);
      if (found === undefined) {
        throw new ValueFault(`\`builtins\` has no \`${name}\``, nearestHint(name, own.keys()));
      }
      return found;
    },
    toText: () => {
      throw new ValueFault('`builtins` cannot be printed');
    },
  };
}
