// The configs of dbt_project.yml, checked where they stand rather than at every node that they hold for.

import type { z } from 'zod';
import { nearestName, UserError } from '../../core/errors.ts';
import { isMapValue, showValue, type YamlPath } from '../../core/yaml.ts';
import { configAliases, configSchemas, foreignConfigs } from '../schemas/configs.ts';
import { configTreeKeys } from '../schemas/project.ts';
import type { KeyReport } from './check-keys.ts';
import type { ConfiguredKind, ProjectFile } from './types.ts';

/** Reports every config of the trees that is unknown or has a value it cannot have. */
export function checkConfigTrees(file: ProjectFile, report: KeyReport): void {
  for (const tree of Object.values(file.configTrees)) {
    if (tree === undefined) continue;
    const kind = Object.entries(configTreeKeys).find(([key]) => key === tree.key)?.[1];
    if (kind !== undefined) checkLevel({ file, kind, report }, tree.value, [tree.key]);
  }
}

interface Check {
  readonly file: ProjectFile;
  readonly kind: keyof typeof configSchemas;
  readonly report: KeyReport;
}

function checkLevel(check: Check, level: Readonly<Record<string, unknown>>, path: YamlPath): void {
  for (const [key, value] of Object.entries(level)) {
    const at = [...path, key];
    if (key.startsWith('+') || !isMapValue(value)) checkConfig(check, key, value, at);
    else checkLevel(check, value, at);
  }
}

function checkConfig(check: Check, written: string, value: unknown, path: YamlPath): void {
  const { file, kind, report } = check;
  const bare = written.replace(/^\+\s*/, '');
  const key = Object.hasOwn(configAliases, bare) ? (configAliases[bare] ?? bare) : bare;
  const shape: Readonly<Record<string, z.ZodType>> = configSchemas[kind].shape;
  const schema = Object.hasOwn(shape, key) ? shape[key] : undefined;
  if (schema === undefined) {
    if (!foreignConfigs.has(key)) reportUnknown(check, written, bare, path);
    return;
  }
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return;
  for (const issue of parsed.error.issues) {
    const name = [bare, ...issue.path.map(String)].join('.');
    const found = issue.input === undefined ? 'is missing' : `is ${showValue(issue.input)}`;
    const what =
      issue.code === 'unrecognized_keys'
        ? `config \`${name}\` has an unknown key \`${issue.keys.join('`, `')}\``
        : `config \`${name}\` ${found}: ${issue.message}`;
    report.faults.push(new UserError(what, { where: file.yaml.placeOf(path) }));
  }
}

function reportUnknown(check: Check, written: string, bare: string, path: YamlPath): void {
  const { file, kind, report } = check;
  const nearest = nearestName(bare, Object.keys(configSchemas[kind].shape));
  const plus = written.startsWith('+') ? '+' : '';
  const fault = new UserError(`unknown config \`${bare}\``, {
    where: file.yaml.placeOfKey(path),
    hint: nearest ? `did you mean \`${plus}${nearest}\`?` : 'keys of your own belong under `meta`',
  });
  (nearest !== undefined || report.isStrict ? report.faults : report.warnings).push(fault);
}

/** A node as far as folders of configs are looked up for it. */
export interface ConfiguredNode {
  readonly fqn: readonly string[];
}

/** Reports the folders of the trees that hold for no node: a slip in one leaves its configs without effect. */
export function checkFolders(
  file: ProjectFile,
  nodes: Readonly<Partial<Record<ConfiguredKind, readonly ConfiguredNode[]>>>,
  report: KeyReport,
): void {
  for (const [kind, configured] of Object.entries(nodes)) {
    // as: `nodes` has no other keys
    const tree = file.configTrees[kind as ConfiguredKind];
    if (tree === undefined) continue;
    const fqns = configured.map(({ fqn }) => fqn);
    for (const fault of unusedFolders(file, fqns, tree.value, [tree.key])) {
      (report.isStrict ? report.faults : report.warnings).push(fault);
    }
  }
}

function unusedFolders(
  file: ProjectFile,
  fqns: readonly (readonly string[])[],
  level: Readonly<Record<string, unknown>>,
  path: YamlPath,
): UserError[] {
  const depth = path.length - 1;
  const known = [...new Set(fqns.flatMap((fqn) => fqn[depth] ?? []))];
  return Object.entries(level).flatMap(([key, below]) => {
    if (key.startsWith('+') || !isMapValue(below)) return [];
    const at = [...path, key];
    const inside = fqns.filter((fqn) => fqn[depth] === key);
    if (inside.length > 0) return unusedFolders(file, inside, below, at);
    const nearest = nearestName(key, known);
    const isMisplaced = depth === 0 && fqns.some((fqn) => fqn[1] === key);
    const remedy = isMisplaced
      ? `put it below \`${file.name}:\``
      : 'remove it, or add what it is for';
    const fault = new UserError(`the configs of \`${at.join('.')}\` hold for nothing`, {
      where: file.yaml.placeOfKey(at),
      hint: nearest === undefined ? remedy : `did you mean \`${nearest}\`?`,
    });
    return [fault];
  });
}
