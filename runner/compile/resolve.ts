// Names to nodes: configs, relations, and what each `ref` and `source` means.

import { formatPlace, nearestName, UserError } from '../../core/errors.ts';
import { callMacro } from '../../core/template/render.ts';
import { asText, type Value } from '../../core/template/values.ts';
import type {
  ParsedModel,
  ParsedProject,
  ParsedSeed,
  ParsedSource,
  Properties,
} from '../project/types.ts';
import type { Captured } from './capture.ts';
import { collectFaults } from './collect-faults.ts';
import { type Config, resolveConfig } from './config.ts';
import { nodeContext, type ProjectFacts } from './context.ts';
import { nodeValue } from './node-value.ts';
import { besideName } from './relation-names.ts';
import { relationValue } from './relation-value.ts';
import { scopeOf } from './scope.ts';
import type { ColumnDoc, NodeId, RelationName, Seed, Source } from './types.ts';

/** A model whose relation is known and whose SQL is still to be made. */
export interface ResolvedModel {
  readonly parsed: ParsedModel;
  readonly captured: Captured;
  readonly uniqueId: NodeId;
  readonly config: Config<'model'>;
  readonly relation: RelationName;
}

/** The project with every relation known. */
export interface Resolver {
  readonly facts: ProjectFacts;
  readonly packageName: string;
  readonly models: readonly ResolvedModel[];
  readonly seeds: readonly Seed[];
  readonly sources: readonly Source[];
  readonly captured: ReadonlyMap<string, Captured>;
  /** Finds a model or seed by name. @throws {UserError} with the nearest name */
  findRef(packageName: string | undefined, name: string): Referable;
  /** Finds a source table. @throws {UserError} with the nearest name */
  findSource(source: string, table: string): Source;
  /** Whether a model or seed of this name is switched off. */
  isDisabled(name: string): boolean;
}

/** What `ref` can mean. */
export interface Referable {
  readonly uniqueId: NodeId;
  readonly relation: RelationName;
  readonly name: string;
}

/** Resolves configs and relations of all nodes; faults go to `faults`. */
export function resolveNodes(
  facts: ProjectFacts,
  parsed: ParsedProject,
  captured: ReadonlyMap<string, Captured>,
  faults: UserError[],
): Resolver {
  const disabled = new Set<string>();
  const models = parsed.models.flatMap((model) =>
    collectFaults(faults, () => resolveModel(facts, model, captured, faults)).flatMap(
      (resolved) => {
        if (resolved?.config.enabled === false) disabled.add(model.name);
        return resolved === undefined || resolved.config.enabled === false ? [] : [resolved];
      },
    ),
  );
  const seeds = parsed.seeds.flatMap((seed) =>
    collectFaults(faults, () => resolveSeed(facts, seed, faults)).flatMap((resolved) => {
      if (resolved === 'disabled') disabled.add(seed.name);
      return resolved === undefined || resolved === 'disabled' ? [] : [resolved];
    }),
  );
  const sources = parsed.sources.flatMap((source) => resolveSource(source, faults));
  faults.push(...sharedRelations([...models, ...seeds]));
  const referable = new Map<string, Referable>(
    [...models.map(({ parsed: { name }, ...rest }) => ({ ...rest, name })), ...seeds].map(
      (node) => [node.name, node],
    ),
  );
  return {
    facts,
    packageName: parsed.file.name,
    models,
    seeds,
    sources,
    captured,
    isDisabled: (name) => disabled.has(name),
    findRef: (packageName, name) => {
      const found = referable.get(name);
      if (found && (packageName === undefined || packageName === parsed.file.name)) return found;
      throw refFault(packageName, name, [...referable.keys()], disabled, parsed.file.name);
    },
    findSource: (sourceName, table) => {
      const found = sources.find((it) => it.sourceName === sourceName && it.name === table);
      if (found) return found;
      const nearest = nearestName(
        `${sourceName}.${table}`,
        sources.map((it) => `${it.sourceName}.${it.name}`),
      );
      throw new UserError(`source \`${sourceName}.${table}\` is not declared`, {
        hint: nearest
          ? `did you mean \`${nearest}\`?`
          : 'declare it under `sources:` in a YAML file',
      });
    },
  };
}

function refFault(
  packageName: string | undefined,
  name: string,
  known: readonly string[],
  disabled: ReadonlySet<string>,
  ownPackage: string,
): UserError {
  if (packageName !== undefined && packageName !== ownPackage) {
    return new UserError(`there is no package \`${packageName}\``, {
      hint: `write ref('${name}') for a model of this project`,
    });
  }
  if (disabled.has(name)) {
    return new UserError(`\`${name}\` is disabled`, { hint: 'enable it, or remove the ref' });
  }
  const nearest = nearestName(name, known);
  return new UserError(`there is no model or seed \`${name}\``, {
    hint: nearest ? `did you mean \`${nearest}\`?` : 'see what there is with `runner ls`',
  });
}

function resolveModel(
  facts: ProjectFacts,
  model: ParsedModel,
  captured: ReadonlyMap<string, Captured>,
  faults: UserError[],
): ResolvedModel | undefined {
  const capture = captured.get(`model:${model.name}`);
  if (capture === undefined) return undefined;
  const config = resolveConfig('model', [...model.layers, capture.layer], faults);
  if (config === undefined) return undefined;
  return {
    parsed: model,
    captured: capture,
    uniqueId: `model.${model.packageName}.${model.name}`,
    config,
    relation: relationOf(facts, model, config),
  };
}

function resolveSeed(
  facts: ProjectFacts,
  seed: ParsedSeed,
  faults: UserError[],
): Seed | 'disabled' | undefined {
  const config = resolveConfig('seed', seed.layers, faults);
  if (config === undefined) return undefined;
  if (config.enabled === false) return 'disabled';
  const relation = relationOf(facts, seed, config);
  return {
    kind: 'seed',
    uniqueId: `seed.${seed.packageName}.${seed.name}`,
    ...builtFields(seed, config, relation),
    dependsOn: [],
    delimiter: config.delimiter,
    columnTypes: config.column_types,
  };
}

/** Fields that every built node has. */
export function builtFields(
  node: ParsedModel | ParsedSeed,
  config: Config<'model'> | Config<'seed'>,
  relation: RelationName,
) {
  return {
    name: node.name,
    packageName: node.packageName,
    path: node.path,
    fqn: node.fqn,
    tags: config.tags ?? [],
    meta: config.meta ?? {},
    description: node.properties?.description ?? '',
    columns: columnDocs(node.properties),
    relation,
    staged: besideName(relation, 'staged'),
    retired: besideName(relation, 'retired'),
    indexes: (config.indexes ?? []).map(({ columns, unique, type }) => ({ columns, unique, type })),
    persistDocs: config.persist_docs ?? { relation: false, columns: false },
  };
}

function resolveSource(source: ParsedSource, faults: UserError[]): Source[] {
  const config = resolveConfig('source', source.layers, faults);
  if (config === undefined || config.enabled === false) return [];
  return [
    {
      kind: 'source',
      uniqueId: `source.${source.packageName}.${source.sourceName}.${source.name}`,
      name: source.name,
      sourceName: source.sourceName,
      packageName: source.packageName,
      path: source.path,
      fqn: source.fqn,
      tags: config.tags ?? [],
      meta: config.meta ?? {},
      description: source.properties?.description ?? '',
      columns: columnDocs(source.properties),
      dependsOn: [],
      relation: { schema: source.schema, identifier: source.identifier },
    },
  ];
}

function columnDocs(properties: Properties | undefined): readonly ColumnDoc[] {
  return (properties?.columns ?? []).map(({ name, description, dataType }) => ({
    name,
    description,
    dataType,
  }));
}

/** Schema and alias as the project's naming macros decide. */
function relationOf(
  facts: ProjectFacts,
  node: ParsedModel | ParsedSeed,
  config: Config<'model'> | Config<'seed'>,
): RelationName {
  const { database, schema: targetSchema } = facts.inputs.target;
  if (config.database && config.database !== database) {
    throw new UserError(
      `config \`database\` is \`${config.database}\`, the target's is \`${database}\``,
      {
        where: { path: node.path },
        hint: 'PostgreSQL builds in the connected database only; remove it',
      },
    );
  }
  const described = nodeValue({
    ...node,
    database,
    schema: targetSchema,
    alias: node.name,
    config,
  });
  const name = (macro: string, custom: string | null | undefined): string => {
    return asText(callNaming(facts, macro, [custom ?? null, described], node.path))?.trim() ?? '';
  };
  const schema = name('generate_schema_name', config.schema);
  const identifier = name('generate_alias_name', config.alias);
  if (schema === '' || identifier === '') {
    throw new UserError('the naming macros give an empty name', {
      where: { path: node.path },
      hint: 'look at generate_schema_name and generate_alias_name in the macro folder',
    });
  }
  return { schema, identifier };
}

function callNaming(
  facts: ProjectFacts,
  macroName: string,
  args: readonly Value[],
  path: string,
): Value {
  const refuse = (): never => {
    throw new UserError('a naming macro cannot use `ref`, `source` or `config`', {
      where: { path },
    });
  };
  const context = nodeContext(
    facts,
    { relation: undefined, model: args[1] ?? null, execute: true },
    { ref: refuse, source: refuse, config: refuse, readConfig: () => undefined },
  );
  const definition = facts.macros.definitions.get(macroName);
  if (definition === undefined) throw new Error(`the runner's own macro ${macroName} is missing`);
  return callMacro(definition, args, new Map(), scopeOf(context));
}

/** Two nodes that publish to one relation would overwrite each other in turn. */
function sharedRelations(nodes: readonly (ResolvedModel | Seed)[]): UserError[] {
  const seen = new Map<string, string>();
  return nodes.flatMap((node) => {
    const key = `${node.relation.schema}.${node.relation.identifier}`;
    const path = 'parsed' in node ? node.parsed.path : node.path;
    const first = seen.get(key);
    seen.set(key, first ?? path);
    if (first === undefined) return [];
    return [
      new UserError(`two nodes build \`${key}\``, {
        where: { path },
        hint: `the other one is ${formatPlace({ path: first })}; give one an alias or a schema`,
      }),
    ];
  });
}

/** The value of a relation in templates. */
export function relationOfNode(resolver: Resolver, relation: RelationName): Value {
  return relationValue(resolver.facts.inputs.target.database, relation);
}
