// packages.yml, dependencies.yml and package-lock.yml -> the packages that they name.

import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { isMapValue, validateYaml, type YamlFile } from '../../core/yaml.ts';
import { dependenciesFileSchema, type packageSchema } from '../schemas/packages.ts';
import type { PackageList, PackageSpec } from './types.ts';
import { isConstraint } from './versions.ts';

type Entry = z.infer<typeof packageSchema>;

/**
 * Parses a list of packages.
 * @throws {UserErrors} with the place of every fault.
 */
export function parsePackages(written: YamlFile, rendered: YamlFile): PackageList {
  if (rendered.value === null) return { specs: [], sha1: sha1Of([]) };
  const { packages } = validateYaml(rendered, dependenciesFileSchema);
  const entries = packages ?? [];
  const raw = rawEntries(written);
  return {
    specs: entries.map((entry, index) => specOf(entry, raw[index] ?? {}, rendered, index)),
    sha1: sha1Of(entries.map((entry, index) => hashed(entry, raw[index] ?? {}))),
  };
}

type RawEntry = Readonly<Record<string, unknown>>;

function rawEntries({ value }: YamlFile): readonly RawEntry[] {
  const list = isMapValue(value) ? value['packages'] : undefined;
  return Array.isArray(list) ? list.map((entry) => (isMapValue(entry) ? entry : {})) : [];
}

function specOf(entry: Entry, raw: RawEntry, yaml: YamlFile, index: number): PackageSpec {
  const writtenOf = (key: string, text: string) => (typeof raw[key] === 'string' ? raw[key] : text);
  if ('package' in entry) {
    const versions = [entry.version].flat().flatMap((text) => String(text).split(','));
    const wrong = versions.find((text) => !isConstraint(text));
    if (wrong !== undefined) {
      throw new UserError(`\`${wrong}\` is not a version`, {
        where: yaml.placeOf(['packages', index, 'version']),
        hint: 'write a version such as `1.3.0`, or a list such as `[">=1.0.0", "<2.0.0"]`',
      });
    }
    const prerelease = entry['install-prerelease'] ?? entry.install_prerelease;
    return {
      kind: 'hub',
      package: entry.package,
      versions: versions.map((text) => text.trim()),
      allowsPrerelease: prerelease === true,
    };
  }
  if ('git' in entry) {
    return {
      kind: 'git',
      url: entry.git,
      writtenUrl: writtenOf('git', entry.git),
      revision: entry.revision === undefined ? undefined : String(entry.revision),
      subdirectory: entry.subdirectory,
      warnsUnpinned: (entry['warn-unpinned'] ?? entry.warn_unpinned) !== false,
    };
  }
  if ('local' in entry) return { kind: 'local', path: entry.local };
  if ('tarball' in entry) {
    const writtenUrl = writtenOf('tarball', entry.tarball);
    return { kind: 'tarball', url: entry.tarball, writtenUrl, name: entry.name };
  }
  throw new UserError(`\`private\` packages need a service of dbt's that is not here`, {
    where: yaml.placeOf(['packages', index]),
    hint: 'name its repository with `git`',
  });
}

/** An entry as dbt hashes it: with its defaults, and as it was written beside it. */
function hashed(entry: Entry, raw: RawEntry): Readonly<Record<string, unknown>> {
  const unrendered = { unrendered: raw };
  if ('package' in entry) {
    const prerelease = entry['install-prerelease'] ?? entry.install_prerelease ?? false;
    return { ...entry, ...unrendered, install_prerelease: prerelease };
  }
  if (!('git' in entry)) return { ...entry, ...unrendered };
  const { git, revision = null, subdirectory = null, name } = entry;
  const warns = entry['warn-unpinned'] ?? entry.warn_unpinned ?? null;
  const named = name === undefined ? {} : { name };
  return { git, revision, subdirectory, 'warn-unpinned': warns, ...named, ...unrendered };
}

function sha1Of(entries: readonly Readonly<Record<string, unknown>>[]): string {
  return createHash('sha1').update(entries.map(pythonJson).sort().join('\n')).digest('hex');
}

/** JSON as Python's `json.dumps(…, sort_keys=True)` writes it, which is what dbt hashes. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (isMapValue(value)) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${pythonJson(key)}: ${pythonJson(value[key])}`).join(', ')}}`;
  }
  const text = JSON.stringify(value) ?? 'null';
  return text.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
