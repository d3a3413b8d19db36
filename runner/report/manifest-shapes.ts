// Parts that several entries of manifest.json have.

import type { DescribedNode } from '../compile/described.ts';
import type { Constraint, ParsedColumn, ProjectFile } from '../project/types.ts';
import type { ManifestColumn, ManifestConstraint, ManifestRef } from './manifest-types.ts';

/** What every entry is made with. */
export interface ManifestScope {
  readonly database: string;
  readonly projectName: string;
  /** dbt_project.yml of the project and of its packages, by name. */
  readonly projects: ReadonlyMap<string, ProjectFile>;
  /** Seconds since the epoch; of the invocation, so that one project gives one text. */
  readonly createdAt: number;
  /** Fingerprints of seed files, by id; an empty one stands for a file that was not read. */
  readonly seedChecksums: ReadonlyMap<string, { readonly name: string; readonly checksum: string }>;
  /** Where compiled SQL is, relative to the project; undefined where none is written. */
  readonly compiledPath: (id: string) => string | undefined;
}

/** Path from the folder of the package: what a package's files are called at home. */
export function originalPath(scope: ManifestScope, packageName: string, path: string): string {
  const home = scope.projects.get(packageName)?.yaml.path ?? '';
  const folder = home.split('/').slice(0, -1).join('/');
  return folder !== '' && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

/** Path below the folder that dbt_project.yml names for the kind. */
export function pathInFolder(scope: ManifestScope, packageName: string, path: string): string {
  const own = originalPath(scope, packageName, path);
  const paths = scope.projects.get(packageName)?.paths;
  if (paths === undefined) return own;
  const { models, seeds, tests, macros, snapshots, analyses } = paths;
  const folder = [models, seeds, tests, macros, snapshots, analyses]
    .flat()
    .map((one) => one.replace(/\/$/, ''))
    .filter((one) => own.startsWith(`${one}/`))
    .sort((a, b) => b.length - a.length)[0];
  return folder === undefined ? own : own.slice(folder.length + 1);
}

/** Columns by name. */
export function manifestColumns(
  columns: readonly ParsedColumn[],
): Readonly<Record<string, ManifestColumn>> {
  return Object.fromEntries(
    columns.map((column) => {
      const meta = column.meta ?? {};
      const tags = column.tags ?? [];
      return [
        column.name,
        {
          name: column.name,
          description: column.description,
          meta,
          data_type: column.dataType ?? null,
          constraints: (column.constraints ?? []).map(columnConstraint),
          quote: column.quote ?? null,
          config: { meta, tags },
          tags,
          granularity: column.granularity ?? null,
          doc_blocks: [],
        },
      ];
    }),
  );
}

/** A constraint of a model, which names its columns. */
export function modelConstraint(constraint: Constraint): ManifestConstraint {
  return { ...columnConstraint(constraint), columns: constraint.columns ?? [] };
}

function columnConstraint(constraint: Constraint): ManifestConstraint {
  return {
    type: constraint.type,
    name: constraint.name ?? null,
    expression: constraint.expression ?? null,
    warn_unenforced: true,
    warn_unsupported: true,
    to: constraint.to ?? null,
    to_columns: constraint.to_columns ?? [],
  };
}

/** The refs of a node as written. */
export function refsOf({ reads }: DescribedNode): readonly ManifestRef[] {
  return reads
    .filter(({ kind }) => kind === 'ref')
    .map(({ words: [packageName, name], version }) => ({
      name,
      package: packageName ?? null,
      version: version ?? null,
    }));
}

/** The sources of a node as written. */
export function sourcesOf({ reads }: DescribedNode): readonly (readonly string[])[] {
  return reads
    .filter(({ kind }) => kind === 'source')
    .map(({ words: [source, table] }) => [source ?? '', table]);
}

/** A relation as it stands in SQL. */
export function relationText(database: string, schema: string, identifier: string): string {
  return [database, schema, identifier].map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
}

/** A value that is a map, or an empty one. */
export function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  // as: every object that is no list can be read by key
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** A value that is text, or null. */
export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
