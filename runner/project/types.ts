// The project as written: every file parsed, nothing resolved.

import type { Place } from '../../core/errors.ts';
import type { YamlFile } from '../../core/yaml.ts';

/** What a file of the project is, by its folder and ending. */
export type FileKind = 'model' | 'seed' | 'singular-test' | 'macro' | 'properties';

/** One file as read; a seed's text is left empty, since seeds stream when they are loaded. */
export interface SourceFile {
  readonly kind: FileKind;
  /** Path relative to the project, with `/`; macros of the runner itself start with `runner/macros/`. */
  readonly path: string;
  /** The part of the path below the folder that `dbt_project.yml` names. */
  readonly pathInFolder: string;
  readonly packageName: string;
  readonly text: string;
}

/** dbt_project.yml, validated. */
export interface ProjectFile {
  readonly name: string;
  readonly version: string | undefined;
  readonly profile: string;
  readonly paths: ProjectPaths;
  readonly vars: Readonly<Record<string, unknown>>;
  /** Config trees by resource type, as written. */
  readonly configTrees: Readonly<Record<ConfiguredKind, ConfigTree | undefined>>;
  readonly yaml: YamlFile;
}

/** The kinds of node that `dbt_project.yml` configures by folder. */
export type ConfiguredKind = 'models' | 'seeds' | 'data_tests' | 'sources';

/** A map of folders and `+` keys, and the YAML path where it stands. */
export interface ConfigTree {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Folders of a project, relative to it. */
export interface ProjectPaths {
  readonly models: readonly string[];
  readonly seeds: readonly string[];
  readonly tests: readonly string[];
  readonly macros: readonly string[];
  readonly target: string;
}

/** Configs written in one place; later layers win. */
export interface ConfigLayer {
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the config `key` stands. */
  readonly placeOf: (key: string) => Place;
}

/** A documented column. */
export interface ParsedColumn {
  readonly name: string;
  readonly description: string;
  readonly dataType: string | undefined;
  readonly place: Place;
}

/** What property files say of one node. */
export interface Properties {
  readonly description: string;
  readonly columns: readonly ParsedColumn[];
  readonly place: Place;
}

interface ParsedCommon {
  readonly name: string;
  readonly packageName: string;
  readonly path: string;
  readonly fqn: readonly string[];
  readonly properties: Properties | undefined;
  /** From the most general folder of `dbt_project.yml` to the node's own YAML. */
  readonly layers: readonly ConfigLayer[];
}

/** A `.sql` file of a model folder. */
export interface ParsedModel extends ParsedCommon {
  readonly kind: 'model';
  readonly rawSql: string;
}

/** A `.csv` file of a seed folder. */
export interface ParsedSeed extends ParsedCommon {
  readonly kind: 'seed';
}

/** A `.sql` file of a test folder. */
export interface ParsedSingularTest extends ParsedCommon {
  readonly kind: 'singular-test';
  readonly rawSql: string;
}

/** A generic test as written under a model, seed, source table or column. */
export interface ParsedGenericTest extends ParsedCommon {
  readonly kind: 'generic-test';
  /** As written: `unique`, or `package.test`. */
  readonly testName: string;
  /** Arguments as in YAML, the model apart; text may hold templates. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly columnName: string | undefined;
  /** What the test is about. */
  readonly on:
    | { readonly kind: 'ref'; readonly name: string }
    | { readonly kind: 'source'; readonly source: string; readonly table: string };
  readonly place: Place;
}

/** One table of a source. */
export interface ParsedSource extends ParsedCommon {
  readonly kind: 'source';
  readonly sourceName: string;
  readonly schema: string;
  readonly identifier: string;
  readonly place: Place;
}

/** A file of macros. */
export interface MacroFile {
  readonly packageName: string;
  readonly path: string;
  readonly text: string;
}

/** The project as written. */
export interface ParsedProject {
  readonly file: ProjectFile;
  readonly models: readonly ParsedModel[];
  readonly seeds: readonly ParsedSeed[];
  readonly singularTests: readonly ParsedSingularTest[];
  readonly genericTests: readonly ParsedGenericTest[];
  readonly sources: readonly ParsedSource[];
  readonly macroFiles: readonly MacroFile[];
}
