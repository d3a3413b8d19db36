// Who may read which model: `access`, `group` and `restrict-access`, as dbt has them.

import { nearestName, type Place, UserError } from '../../core/errors.ts';
import type { ConfigLayer, ParsedProject } from '../project/types.ts';
import type { CapturedRead } from './capture.ts';
import { accessOf, captureKey, type Referable, type Resolver } from './resolve.ts';
import type { Node } from './types.ts';

/** A node, as far as it decides what it may read. */
export interface Reader {
  readonly name: string;
  readonly packageName: string;
  readonly group: string | undefined;
}

/**
 * Finds refs that the model they mean does not admit, and groups named in a template that there are not.
 * Exposures are looked at where they are described.
 */
export function checkAccess(
  parsed: ParsedProject,
  resolver: Resolver,
  nodes: readonly Node[],
): readonly UserError[] {
  const { models, snapshots, analyses, seeds, captured } = resolver;
  const known = parsed.groups.map(({ name }) => name);
  const selects = [...models, ...snapshots, ...analyses].flatMap((node) => {
    const group = textOf(node.config.group);
    const reader = { ...nameOf(node.parsed), group };
    return [
      ...groupFaults(known, node.captured.layer),
      ...readFaults(parsed, resolver, reader, node.captured.reads),
    ];
  });
  const tests = parsed.singularTests.flatMap((test) => {
    const capture = captured.get(captureKey(test));
    if (capture === undefined) return [];
    const reader = { ...nameOf(test), group: lastGroup([...test.layers, capture.layer]) };
    return [
      ...groupFaults(known, capture.layer),
      ...readFaults(parsed, resolver, reader, capture.reads),
    ];
  });
  const groups = new Map<string, string | undefined>([
    ...models.map(({ uniqueId, config }) => [uniqueId, textOf(config.group)] as const),
    ...snapshots.map(({ uniqueId, config }) => [uniqueId, textOf(config.group)] as const),
    ...seeds.map((seed) => [seed.uniqueId, seedGroup(parsed, seed)] as const),
  ]);
  return [...selects, ...tests, ...genericTestFaults(parsed, resolver, nodes, groups)];
}

/** The fault of a read that its model does not admit; undefined where it may be read. */
function accessFault(
  parsed: ParsedProject,
  reader: Reader,
  target: Pick<Referable, 'name' | 'packageName' | 'access' | 'group'>,
  where: Place,
): UserError | undefined {
  const isAbroad = reader.packageName !== target.packageName;
  const home = [parsed.file, ...parsed.packages].find(({ name }) => name === target.packageName);
  const isClosed = isAbroad && home?.restrictAccess === true;
  const { group } = target;
  if (target.access === 'private') {
    if (group !== undefined && reader.group === group && !isClosed) return undefined;
    const by = `\`${reader.name}\`, which is in ${groupText(reader.group)}`;
    const of = `model \`${target.name}\` is private to ${groupText(group)}`;
    return new UserError(`${of}, and is read by ${by}`, {
      where,
      hint: privateHint(group, isClosed),
    });
  }
  if (target.access !== 'protected' || !isClosed) return undefined;
  return new UserError(
    `model \`${target.name}\` is protected in package \`${target.packageName}\`, which restricts access, and is read by \`${reader.name}\` of package \`${reader.packageName}\``,
    { where, hint: `read a model of \`${target.packageName}\` with \`access: public\`` },
  );
}

function privateHint(group: string | undefined, isClosed: boolean): string {
  if (isClosed) return 'its package restricts access: read a model of it with `access: public`';
  if (group === undefined) return 'give the model a `group`, or the access `protected`';
  return `put the reader in group \`${group}\`, or give the model the access \`protected\``;
}

function groupText(group: string | undefined): string {
  return group === undefined ? 'no group' : `group \`${group}\``;
}

/** Returns the faults of the refs of a node that the models they mean do not admit. */
export function readFaults(
  parsed: ParsedProject,
  resolver: Resolver,
  reader: Reader,
  reads: readonly CapturedRead[],
): readonly UserError[] {
  return reads.flatMap(({ kind, words: [packageName, name], version, place }) => {
    if (kind !== 'ref') return [];
    try {
      const target = resolver.findRef(packageName, name, { from: reader.packageName, version });
      return accessFault(parsed, reader, target, place) ?? [];
    } catch (error) {
      // A ref of nothing is told by whoever compiles the node.
      if (error instanceof UserError) return [];
      throw error;
    }
  });
}

/** A generic test is in the group of what it is about. */
function genericTestFaults(
  parsed: ParsedProject,
  resolver: Resolver,
  nodes: readonly Node[],
  groups: ReadonlyMap<string, string | undefined>,
): readonly UserError[] {
  const models = new Map(resolver.models.map((model) => [model.uniqueId, model]));
  const places = new Map(parsed.genericTests.map((test) => [testKey(test), test.place]));
  return nodes.flatMap((node) => {
    if (node.kind !== 'test' || node.testKind !== 'generic') return [];
    const reader = { ...nameOf(node), group: groups.get(node.attachedTo ?? '') };
    const where = places.get(testKey(node)) ?? { path: node.path };
    return node.dependsOn.flatMap((id) => {
      const model = models.get(id);
      if (model === undefined || id === node.attachedTo) return [];
      const group = textOf(model.config.group);
      const target = { ...nameOf(model.parsed), access: accessOf(model), group };
      return accessFault(parsed, reader, target, where) ?? [];
    });
  });
}

function testKey({ packageName, name }: { packageName: string; name: string }): string {
  return `${packageName}.${name}`;
}

function seedGroup(parsed: ParsedProject, { name, packageName }: Omit<Reader, 'group'>) {
  const seed = parsed.seeds.find((one) => one.name === name && one.packageName === packageName);
  return lastGroup(seed?.layers ?? []);
}

/** Groups in YAML are looked at when it is parsed; those of a `config` call are known only now. */
function groupFaults(known: readonly string[], { values, placeOf }: ConfigLayer): UserError[] {
  const group = textOf(values['group']);
  if (group === undefined || known.includes(group)) return [];
  const nearest = nearestName(group, known);
  return [
    new UserError(`there is no group \`${group}\``, {
      where: placeOf('group'),
      hint: nearest ? `did you mean \`${nearest}\`?` : 'declare it under `groups:` in a YAML file',
    }),
  ];
}

function lastGroup(layers: readonly ConfigLayer[]): string | undefined {
  return textOf(layers.findLast(({ values }) => 'group' in values)?.values['group']);
}

function nameOf({ name, packageName }: Omit<Reader, 'group'>): Omit<Reader, 'group'> {
  return { name, packageName };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
