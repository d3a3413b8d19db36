// Names to nodes: configs, relations, and what each `ref` and `source` means.

import { formatPlace, nearestName, UserError } from '../../core/errors.ts';
import { callMacro } from '../../core/template/render.ts';
import { asText, type Value } from '../../core/template/values.ts';
import type {
  ParsedAnalysis,
  ParsedGenericTest,
  ParsedModel,
  ParsedProject,
  ParsedSeed,
  ParsedSingularTest,
  ParsedSnapshot,
  ParsedSource,
  Properties,
  Quoting,
} from '../project/types.ts';
import type { Captured, CapturedNode } from './capture.ts';
import { collectFaults } from './collect-faults.ts';
import { type Config, resolveConfig } from './config.ts';
import { nodeContext, type ProjectFacts } from './context.ts';
import { freshnessOf } from './freshness.ts';
import { designFaults, makeDesign, makeIndexes } from './make-design.ts';
import { nodeValue } from './node-value.ts';
import { refusalsOf } from './refusals.ts';
import { besideName } from './relation-names.ts';
import { relationValue, writtenValue } from './relation-value.ts';
import { scopeOf } from './scope.ts';
import type { ColumnDoc, NodeId, RelationName, Seed, Source, WrittenName } from './types.ts';

/** A model whose relation is known and whose SQL is still to be made. */
export interface ResolvedModel {
  readonly parsed: ParsedModel;
  readonly captured: Captured;
  readonly uniqueId: NodeId;
  readonly config: Config<'model'>;
  readonly relation: RelationName;
  readonly written: WrittenName | undefined;
}

/** A snapshot whose relation is known and whose SQL is still to be made. */
export interface ResolvedSnapshot {
  readonly parsed: ParsedSnapshot;
  readonly captured: Captured;
  readonly uniqueId: NodeId;
  readonly config: Config<'snapshot'>;
  readonly relation: RelationName;
  readonly written: WrittenName | undefined;
}

/** An analysis whose SQL is still to be made. */
export interface ResolvedAnalysis {
  readonly parsed: ParsedAnalysis;
  readonly captured: Captured;
  readonly uniqueId: NodeId;
  readonly config: Config<'analysis'>;
}

/** The project with every relation known. */
export interface Resolver {
  readonly facts: ProjectFacts;
  readonly packageName: string;
  readonly models: readonly ResolvedModel[];
  readonly snapshots: readonly ResolvedSnapshot[];
  readonly analyses: readonly ResolvedAnalysis[];
  readonly seeds: readonly Seed[];
  readonly sources: readonly Source[];
  readonly captured: ReadonlyMap<string, Captured>;
  /** Finds a model or seed by name. @throws {UserError} with the nearest name */
  findRef(packageName: string | undefined, name: string, asked?: Asked): Referable;
  /** Finds a source table. @throws {UserError} with the nearest name */
  findSource(source: string, table: string, asked?: Pick<Asked, 'from'>): Source;
  /** Whether a model or seed of this name is switched off. */
  isDisabled(name: string): boolean;
}

/** Who asks for a node, and for which version of it. */
export interface Asked {
  /** The package of the node that asks; the project where absent. */
  readonly from?: string | undefined;
  readonly version?: string | number | undefined;
}

/** Names what was captured of a node. */
export function captureKey(node: CapturedNode): string {
  const version = node.kind === 'model' && node.version !== undefined ? `.v${node.version}` : '';
  return `${node.kind}:${node.packageName}.${node.name}${version}`;
}

/** What `ref` can mean. */
export interface Referable {
  readonly uniqueId: NodeId;
  readonly relation: RelationName;
  readonly written?: WrittenName | undefined;
  readonly name: string;
  readonly packageName: string;
  readonly version?: string | number | undefined;
  readonly latestVersion?: string | number | undefined;
  /** Set for an ephemeral model, which has no relation to read. */
  readonly ephemeral?: ResolvedModel | undefined;
  readonly eventTime?: string | undefined;
  /** Of a model: who may read it. */
  readonly access?: string | undefined;
  readonly group?: string | undefined;
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
  const snapshots = parsed.snapshots.flatMap((snapshot) =>
    collectFaults(faults, () => resolveSnapshot(facts, snapshot, captured, faults)).flatMap(
      (resolved) => {
        if (resolved?.config.enabled === false) disabled.add(snapshot.name);
        return resolved === undefined || resolved.config.enabled === false ? [] : [resolved];
      },
    ),
  );
  const analyses = parsed.analyses.flatMap((analysis) =>
    resolveAnalysis(facts, analysis, captured, faults),
  );
  const sources = parsed.sources.flatMap((source) =>
    collectFaults(faults, () => resolveSource(facts, source, faults)).flat(),
  );
  const built = [...models.filter((model) => !isEphemeral(model)), ...seeds, ...snapshots];
  faults.push(...sharedRelations(built));
  const referable = referables(models, [...seeds, ...snapshots.map(referableSnapshot)]);
  const tables = sourcesByTable(sources);
  const packages = new Set([
    parsed.file.name,
    ...[...parsed.models, ...parsed.seeds, ...parsed.snapshots].map((node) => node.packageName),
  ]);
  return {
    facts,
    packageName: parsed.file.name,
    ...{ models, snapshots, analyses, seeds, sources, captured },
    isDisabled: (name) => disabled.has(name),
    findRef: (packageName, name, asked = {}) => {
      const from = asked.from ?? parsed.file.name;
      const candidates = referable.get(name) ?? [];
      const order = packageName === undefined ? [from, parsed.file.name] : [packageName];
      const inPackage =
        order
          .map((one) => candidates.filter((node) => node.packageName === one))
          .find((some) => some.length > 0) ?? (packageName === undefined ? candidates : []);
      const found = pickVersion(inPackage, asked.version);
      if (found !== undefined) return deferred(facts, found);
      if (inPackage.length > 0) throw versionFault(name, inPackage, asked.version);
      throw refFault({ packageName, name, known: [...referable.keys()], disabled, packages });
    },
    findSource: (sourceName, table, asked = {}) => {
      const candidates = tables.get(tableKey(sourceName, table)) ?? [];
      const order = [asked.from ?? parsed.file.name, parsed.file.name];
      const found =
        order
          .map((one) => candidates.find((it) => it.packageName === one))
          .find((it) => it !== undefined) ?? candidates[0];
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

/** Source tables by source and name; several where packages share one. */
function sourcesByTable(sources: readonly Source[]): ReadonlyMap<string, readonly Source[]> {
  const byTable = new Map<string, Source[]>();
  for (const source of sources) {
    const key = tableKey(source.sourceName, source.name);
    const known = byTable.get(key);
    if (known) known.push(source);
    else byTable.set(key, [source]);
  }
  return byTable;
}

/** A name may hold any character, and so a point too. */
function tableKey(sourceName: string, table: string): string {
  return JSON.stringify([sourceName, table]);
}

/** Models and seeds by name; several where packages or versions share one. */
function referables(
  models: readonly ResolvedModel[],
  others: readonly Referable[],
): ReadonlyMap<string, readonly Referable[]> {
  const byName = new Map<string, Referable[]>();
  const add = (node: Referable): void => {
    byName.set(node.name, [...(byName.get(node.name) ?? []), node]);
  };
  for (const model of models) {
    const { name, packageName, version, latestVersion } = model.parsed;
    const { uniqueId, relation, written } = model;
    const ephemeral = isEphemeral(model) ? model : undefined;
    const eventTime = model.config.event_time ?? undefined;
    const names = { name, packageName, version, latestVersion };
    const access = accessOf(model);
    const group = model.config.group ?? undefined;
    add({ ...names, uniqueId, relation, written, ephemeral, eventTime, access, group });
  }
  for (const node of others) add(node);
  return byName;
}

/** The version asked for, or the latest; a model without versions has none to ask for. */
function pickVersion(
  candidates: readonly Referable[],
  version: string | number | undefined,
): Referable | undefined {
  if (version !== undefined) {
    return candidates.find((node) => String(node.version ?? '') === String(version));
  }
  const [only] = candidates;
  if (only?.version === undefined) return only;
  return candidates.find((node) => String(node.version) === String(node.latestVersion));
}

/** The node with the relation that is read in its place. */
function deferred({ inputs }: ProjectFacts, found: Referable): Referable {
  const relation = inputs.deferred?.get(found.uniqueId);
  if (relation === undefined) return found;
  return { ...found, relation, written: undefined, ephemeral: undefined };
}

function versionFault(
  name: string,
  candidates: readonly Referable[],
  version: string | number | undefined,
): UserError {
  const versions = candidates.flatMap((node) => (node.version === undefined ? [] : [node.version]));
  return new UserError(`\`${name}\` has no version \`${version ?? 'latest'}\``, {
    hint:
      versions.length === 0
        ? `it has no versions: write ref('${name}')`
        : `its versions are ${versions.join(', ')}`,
  });
}

function refFault(asked: {
  readonly packageName: string | undefined;
  readonly name: string;
  readonly known: readonly string[];
  readonly disabled: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
}): UserError {
  const { packageName, name } = asked;
  if (packageName !== undefined && !asked.packages.has(packageName)) {
    return new UserError(`there is no package \`${packageName}\``, {
      hint: `write ref('${name}') for a model of this project`,
    });
  }
  if (asked.disabled.has(name)) {
    return new UserError(`\`${name}\` is disabled`, { hint: 'enable it, or remove the ref' });
  }
  const nearest = nearestName(name, asked.known);
  return new UserError(`there is no model, seed or snapshot \`${name}\``, {
    hint: nearest ? `did you mean \`${nearest}\`?` : 'see what there is with `runner ls`',
  });
}

function resolveModel(
  facts: ProjectFacts,
  model: ParsedModel,
  captured: ReadonlyMap<string, Captured>,
  faults: UserError[],
): ResolvedModel | undefined {
  const capture = captured.get(captureKey(model));
  if (capture === undefined) return undefined;
  const report = facts.configReport?.(model.packageName);
  const layers = [...model.layers, capture.layer];
  const config = resolveConfig('model', layers, faults, report);
  if (config === undefined) return undefined;
  faults.push(...designFaults(config, config.materialized, layers, model.path));
  return {
    parsed: model,
    captured: capture,
    uniqueId: modelId(model),
    config,
    ...namesOf(relationOf(facts, model, config), [facts.quoting, config.quoting]),
  };
}

function resolveSnapshot(
  facts: ProjectFacts,
  snapshot: ParsedSnapshot,
  captured: ReadonlyMap<string, Captured>,
  faults: UserError[],
): ResolvedSnapshot | undefined {
  const capture = captured.get(captureKey(snapshot));
  if (capture === undefined) return undefined;
  const report = facts.configReport?.(snapshot.packageName);
  const layers = [...snapshot.layers, capture.layer];
  const config = resolveConfig('snapshot', layers, faults, report);
  if (config === undefined) return undefined;
  faults.push(...designFaults(config, 'snapshot', layers, snapshot.path));
  const { target_schema: schema, target_database: database } = config;
  const named = relationOf(facts, snapshot, {
    ...config,
    database: database ?? config.database,
  });
  // dbt takes the older of the two configs as it stands, past the naming macros.
  const written = schema ? { ...named, schema } : named;
  return {
    parsed: snapshot,
    captured: capture,
    uniqueId: `snapshot.${snapshot.packageName}.${snapshot.name}`,
    config,
    ...namesOf(written, [facts.quoting, config.quoting]),
  };
}

function referableSnapshot(snapshot: ResolvedSnapshot): Referable {
  const { parsed, uniqueId, relation, written, config } = snapshot;
  const { name, packageName } = parsed;
  const eventTime = config.event_time ?? undefined;
  return { name, packageName, uniqueId, relation, written, eventTime };
}

function resolveAnalysis(
  facts: ProjectFacts,
  analysis: ParsedAnalysis,
  captured: ReadonlyMap<string, Captured>,
  faults: UserError[],
): readonly ResolvedAnalysis[] {
  const capture = captured.get(captureKey(analysis));
  if (capture === undefined) return [];
  const report = facts.configReport?.(analysis.packageName);
  const config = resolveConfig('analysis', [...analysis.layers, capture.layer], faults, report);
  if (config === undefined || config.enabled === false) return [];
  const uniqueId = `analysis.${analysis.packageName}.${analysis.name}`;
  return [{ parsed: analysis, captured: capture, uniqueId, config }];
}

/** Who may read a model; `protected` where nothing says so, as in dbt. */
export function accessOf({ config }: ResolvedModel): 'private' | 'protected' | 'public' {
  return config.access ?? 'protected';
}

function isEphemeral({ config }: ResolvedModel): boolean {
  return config.materialized === 'ephemeral';
}

type Nullable<T> = { readonly [Key in keyof T]: T[Key] | null };

/** The relation as PostgreSQL knows it, and as SQL writes it where a part stands without quotes. */
function namesOf(
  written: RelationName,
  quotings: readonly (Nullable<Quoting> | undefined)[],
): { readonly relation: RelationName; readonly written: WrittenName | undefined } {
  const quote = { database: true, schema: true, identifier: true };
  for (const quoting of quotings) {
    for (const part of ['database', 'schema', 'identifier'] as const) {
      quote[part] = quoting?.[part] ?? quote[part];
    }
  }
  if (quote.database && quote.schema && quote.identifier) {
    return { relation: written, written: undefined };
  }
  const fold = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const { schema, identifier } = written;
  const relation = {
    schema: quote.schema ? schema : fold(schema),
    identifier: quote.identifier ? identifier : fold(identifier),
  };
  return { relation, written: { schema, identifier, quote } };
}

function modelId({ packageName, name, version }: ParsedModel): NodeId {
  return `model.${packageName}.${name}${version === undefined ? '' : `.v${version}`}`;
}

function resolveSeed(
  facts: ProjectFacts,
  seed: ParsedSeed,
  faults: UserError[],
): Seed | 'disabled' | undefined {
  const report = facts.configReport?.(seed.packageName);
  const config = resolveConfig('seed', seed.layers, faults, report);
  if (config === undefined) return undefined;
  if (config.enabled === false) return 'disabled';
  faults.push(...designFaults(config, 'seed', seed.layers, seed.path));
  const names = namesOf(relationOf(facts, seed, config), [facts.quoting, config.quoting]);
  return {
    kind: 'seed',
    uniqueId: `seed.${seed.packageName}.${seed.name}`,
    ...builtFields(seed, config, names),
    refusals: refusalsOf(config, seed.layers, seed.path),
    dependsOn: [],
    delimiter: config.delimiter,
    columnTypes: config.column_types,
    isQuoted: config.quote_columns ?? false,
  };
}

/** Fields that every built node has. */
export function builtFields(
  node: ParsedModel | ParsedSeed | ParsedSnapshot,
  config: Config<'model'> | Config<'seed'> | Config<'snapshot'>,
  { relation, written }: Pick<Referable, 'relation' | 'written'>,
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
    ...(written && { written }),
    staged: besideName(relation, 'staged'),
    retired: besideName(relation, 'retired'),
    indexes: makeIndexes(config),
    design: makeDesign(config),
    publishInPlace: config.meta?.runner?.publish === 'in_place',
    persistDocs: config.persist_docs ?? { relation: false, columns: false },
    ...(config.event_time ? { eventTime: config.event_time } : {}),
  };
}

function resolveSource(facts: ProjectFacts, source: ParsedSource, faults: UserError[]): Source[] {
  const config = resolveConfig('source', source.layers, faults);
  if (config === undefined || config.enabled === false) return [];
  const { schema, identifier } = source;
  // dbt leaves the `quoting` of the project aside here.
  const names = namesOf({ schema, identifier }, [source.quoting]);
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
      relation: names.relation,
      ...(names.written && { written: names.written }),
      ...(config.event_time ? { eventTime: config.event_time } : {}),
      freshness: freshnessOf(facts, source, config),
    },
  ];
}

/** The documented columns of a node. */
export function columnDocs(properties: Properties | undefined): readonly ColumnDoc[] {
  return (properties?.columns ?? []).map(({ name, description, dataType }) => ({
    name,
    description,
    dataType,
  }));
}

/** Schema and alias as the project's naming macros decide. */
export function relationOf(
  facts: ProjectFacts,
  node: ParsedModel | ParsedSeed | ParsedSnapshot | ParsedSingularTest | ParsedGenericTest,
  config: Readonly<Record<string, unknown>> &
    Pick<Config<'model'>, 'database' | 'schema' | 'alias'>,
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
    const args = [custom ?? null, described];
    return asText(callNaming(facts, macro, args, node))?.trim() ?? '';
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
  node: Pick<ParsedModel, 'path' | 'packageName'>,
): Value {
  const refuse = (): never => {
    throw new UserError('a naming macro cannot use `ref`, `source` or `config`', {
      where: { path: node.path },
    });
  };
  const { packageName } = node;
  // As in dbt, names are given before anything is executed.
  const context = nodeContext(
    facts,
    { relation: undefined, model: args[1] ?? null, execute: false, packageName },
    { ref: refuse, source: refuse, config: refuse, readConfig: () => undefined },
  );
  const definition = facts.macros.findNaming(packageName, macroName);
  if (definition === undefined) throw new Error(`the runner's own macro ${macroName} is missing`);
  return callMacro(definition, args, new Map(), scopeOf(context));
}

/** Two nodes that publish to one relation would overwrite each other in turn. */
function sharedRelations(nodes: readonly (ResolvedModel | ResolvedSnapshot | Seed)[]): UserError[] {
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

/** The value of a node's relation in templates, or of the one that is read in its place. */
export function relationOfNode(
  resolver: Resolver,
  { relation, written }: Pick<Referable, 'relation' | 'written'>,
  read: RelationName = relation,
): Value {
  const { database } = resolver.facts.inputs.target;
  if (written === undefined) return relationValue(database, read);
  return writtenValue(database, read === relation ? written : { ...read, quote: written.quote });
}
