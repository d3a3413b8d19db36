// The project as written: every file parsed, nothing resolved.

import type { Place, UserError } from '../../core/errors.ts';
import type { YamlFile } from '../../core/yaml.ts';

/** What a file of the project is, by its folder and ending. */
export type FileKind =
  | 'model'
  | 'seed'
  | 'snapshot'
  | 'analysis'
  | 'singular-test'
  | 'macro'
  | 'properties'
  /** A `.md` file, for its docs blocks. */
  | 'docs'
  /** Rows for unit tests, as CSV or SQL. */
  | 'fixture';

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

/** What the YAML of a project can depend on from outside. */
export interface YamlInputs {
  /** Absent before the profile is known: then no template may name it. */
  readonly target?: Readonly<Record<string, string | number>> | undefined;
  /** From --vars. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** dbt_project.yml, validated. */
export interface ProjectFile {
  readonly name: string;
  readonly version: string | undefined;
  /** Empty where the file names none, as in a package. */
  readonly profile: string;
  readonly paths: ProjectPaths;
  readonly vars: Readonly<Record<string, unknown>>;
  /** Config trees by resource type, rendered. */
  readonly configTrees: Readonly<Record<ConfiguredKind, ConfigTree | undefined>>;
  readonly yaml: YamlFile;
  readonly onRunStart: readonly ProjectHook[];
  readonly onRunEnd: readonly ProjectHook[];
  /** Where `adapter.dispatch` looks, by macro namespace. */
  readonly dispatch: Readonly<Record<string, readonly string[]>>;
  readonly flags: Readonly<Record<string, unknown>>;
  /** Flag `runner_strict`: a config or key that is not known is an error, not a warning. */
  readonly isStrict: boolean;
  /** As written: text, or a map with `comment` and `append`; undefined where the key is absent. */
  readonly queryComment: unknown;
  readonly quoting: Quoting;
  readonly restrictAccess: boolean;
  readonly requireDbtVersion: readonly string[];
  readonly warnings: readonly UserError[];
}

/** SQL to run before or after a run, a template until then. */
export interface ProjectHook {
  readonly sql: string;
  readonly place: Place;
}

/** Which parts of a relation's name stand in quotes; undefined leaves the choice to what is above. */
export interface Quoting {
  readonly database?: boolean | undefined;
  readonly schema?: boolean | undefined;
  readonly identifier?: boolean | undefined;
}

/** The kinds of node that `dbt_project.yml` configures by folder. */
export type ConfiguredKind =
  | 'models'
  | 'seeds'
  | 'snapshots'
  | 'sources'
  | 'data_tests'
  | 'unit_tests'
  | 'exposures'
  | 'analyses'
  | 'semantic-models'
  | 'metrics'
  | 'saved-queries';

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
  readonly snapshots: readonly string[];
  readonly analyses: readonly string[];
  /** Where docs blocks are looked for: `docs-paths`, or every folder of the project's own. */
  readonly docs: readonly string[];
  readonly target: string;
  readonly log: string;
  readonly packages: string;
  readonly clean: readonly string[];
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
  /** Whether its name stands in quotes. */
  readonly quote?: boolean | undefined;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  readonly constraints?: readonly Constraint[];
  readonly granularity?: string | undefined;
  readonly place: Place;
}

/** A constraint as YAML has it. */
export interface Constraint {
  readonly type: 'not_null' | 'unique' | 'primary_key' | 'foreign_key' | 'check' | 'custom';
  readonly name?: string | null | undefined;
  readonly expression?: string | null | undefined;
  readonly to?: string | null | undefined;
  readonly to_columns?: readonly string[] | null | undefined;
  /** Of a model's constraint only. */
  readonly columns?: readonly string[] | null | undefined;
}

/** What property files say of one node. */
export interface Properties {
  readonly description: string;
  readonly columns: readonly ParsedColumn[];
  readonly place: Place;
  readonly constraints?: readonly Constraint[];
  /** ISO 8601 as written. */
  readonly deprecationDate?: string | undefined;
  readonly timeSpine?: Readonly<Record<string, unknown>> | undefined;
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
  /** Of a model with versions: `name` is the model's and `fqn` ends in `v2`. */
  readonly version?: string | number | undefined;
  readonly latestVersion?: string | number | undefined;
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
  /** Of its files and of the relation of its failures: `name`, or shorter where that is too long. */
  readonly alias: string;
  /** The last part of its id, made of its arguments. */
  readonly hash: string;
  /** How many of `layers` come from `dbt_project.yml`; what the test's macro configures stands after them. */
  readonly folderLayers: number;
  /** As written: `unique`, or `package.test`. */
  readonly testName: string;
  /** Arguments as in YAML, the model apart; text may hold templates. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly columnName: string | undefined;
  /** What the test is about. */
  readonly on:
    | {
        readonly kind: 'ref';
        readonly name: string;
        /** Of a model with versions. */
        readonly version?: string | number | undefined;
      }
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
  readonly database?: string | undefined;
  readonly sourceDescription?: string;
  readonly loader?: string;
  readonly quoting?: Quoting;
  /** Of an external table, as written. */
  readonly external?: Readonly<Record<string, unknown>> | undefined;
}

/** A snapshot: a block of a `.sql` file, or an entry of a property file with a `relation`. */
export interface ParsedSnapshot extends ParsedCommon {
  readonly kind: 'snapshot';
  /** The query; for an entry with a `relation`, a select from it. */
  readonly rawSql: string;
  readonly place: Place;
}

/** A `.sql` file of an analysis folder: compiled, never run. */
export interface ParsedAnalysis extends ParsedCommon {
  readonly kind: 'analysis';
  readonly rawSql: string;
}

/** A unit test as written. */
export interface ParsedUnitTest extends ParsedCommon {
  readonly kind: 'unit-test';
  readonly model: string;
  readonly given: readonly UnitTestRows[];
  readonly expect: UnitTestRows;
  readonly overrides: Readonly<
    Record<'macros' | 'vars' | 'env_vars', Readonly<Record<string, unknown>>>
  >;
  readonly versions: {
    readonly include?: readonly (string | number)[];
    readonly exclude?: readonly (string | number)[];
  };
  readonly place: Place;
}

/** Rows given to a unit test or expected of it. */
export interface UnitTestRows {
  /** `ref('x')`, `source('s', 't')` or `this`; undefined for what is expected. */
  readonly input: string | undefined;
  readonly format: 'dict' | 'csv' | 'sql';
  readonly rows: string | readonly Readonly<Record<string, unknown>>[] | undefined;
  /** Name of a file of rows. */
  readonly fixture: string | undefined;
  readonly place: Place;
}

/** Something outside that reads nodes of the project. */
export interface ParsedExposure extends ParsedCommon {
  readonly kind: 'exposure';
  readonly type: string;
  readonly owner: Readonly<Record<string, unknown>>;
  readonly label: string | undefined;
  readonly maturity: string | undefined;
  readonly url: string | undefined;
  /** Calls as written: `ref('x')`, `source('s', 't')`, `metric('m')`. */
  readonly dependsOn: readonly { readonly call: string; readonly place: Place }[];
  readonly place: Place;
}

/** A group of nodes with one owner. */
export interface ParsedGroup {
  readonly kind: 'group';
  readonly name: string;
  readonly packageName: string;
  readonly path: string;
  readonly description: string;
  readonly owner: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly place: Place;
}

/** An entry of the semantic layer: kept as written, for the tools that read it. */
export interface ParsedSemantic extends ParsedCommon {
  readonly kind: 'semantic-model' | 'metric' | 'saved-query';
  readonly entry: Readonly<Record<string, unknown>>;
  readonly place: Place;
}

/** A block of text for descriptions. */
export interface DocsBlock {
  readonly name: string;
  readonly packageName: string;
  readonly path: string;
  readonly text: string;
  readonly place: Place;
}

/** What YAML says of a macro. */
export interface MacroProperties {
  readonly name: string;
  readonly packageName: string;
  readonly path: string;
  readonly description: string;
  readonly arguments: readonly {
    readonly name: string;
    readonly type: string | undefined;
    readonly description: string;
  }[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly docs: Readonly<Record<string, unknown>>;
  readonly place: Place;
}

/** A file of rows for unit tests. */
export interface FixtureFile {
  readonly name: string;
  readonly packageName: string;
  readonly path: string;
  readonly text: string;
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
  readonly snapshots: readonly ParsedSnapshot[];
  readonly analyses: readonly ParsedAnalysis[];
  readonly unitTests: readonly ParsedUnitTest[];
  readonly fixtures: readonly FixtureFile[];
  readonly exposures: readonly ParsedExposure[];
  readonly groups: readonly ParsedGroup[];
  readonly semantic: readonly ParsedSemantic[];
  readonly docs: readonly DocsBlock[];
  readonly macroProperties: readonly MacroProperties[];
  /** dbt_project.yml of the packages, the project's own apart. */
  readonly packages: readonly ProjectFile[];
  /** What is odd and stops nothing; compile adds what it finds. */
  readonly warnings: UserError[];
}
