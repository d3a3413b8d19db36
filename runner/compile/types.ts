// The manifest: every node of a project with no question left. Produced by compile, read by all after it.

import type { Place } from '../../core/errors.ts';
import type { SourceMark } from '../../core/template/source-map.ts';
import type { PhysicalDesign } from './design.ts';

/** A node's name across the project, in dbt's form: `model.fundlens.contributions`. */
export type NodeId = string;

/** A relation in the target's database. */
export interface RelationName {
  readonly schema: string;
  readonly identifier: string;
}

/** A column as documented in YAML. */
export interface ColumnDoc {
  readonly name: string;
  readonly description: string;
  readonly dataType: string | undefined;
}

/** An index as a config has it: dbt's three keys, and those that only PostgreSQL has. */
export interface IndexConfig {
  /** Names of columns; what is no name is SQL that stands in the index as it is. */
  readonly columns: readonly string[];
  readonly unique: boolean;
  /** Access method, `btree` where not given. */
  readonly type: string | undefined;
  /** Its name where the config gives one; else a hash of all that it says. */
  readonly name?: string | undefined;
  /** Of a partial index: which rows it holds, as SQL. */
  readonly where?: string | undefined;
  readonly include?: readonly string[] | undefined;
  readonly nullsNotDistinct?: boolean | undefined;
  readonly tablespace?: string | undefined;
  readonly storageParameters?: Readonly<Record<string, string>> | undefined;
}

/** Why a node cannot be built by this version. */
export interface Refusal {
  readonly message: string;
  readonly where: Place | undefined;
}

interface NodeCommon {
  readonly uniqueId: NodeId;
  readonly name: string;
  readonly packageName: string;
  /** Path of the defining file, relative to the project. */
  readonly path: string;
  /** dbt's fully qualified name: package, folders, name. */
  readonly fqn: readonly string[];
  readonly tags: readonly string[];
  readonly description: string;
  readonly columns: readonly ColumnDoc[];
  readonly meta: Readonly<Record<string, unknown>>;
  /** Nodes it reads, sorted; for a test, its parents. */
  readonly dependsOn: readonly NodeId[];
  /** Reasons not to build it, found in its config; none where absent. */
  readonly refusals?: readonly Refusal[];
  /**
   * Set where the SQL is made when its turn comes, since its template asks the database, or of the run:
   * until then `compiledSql` is empty, and `dependsOn` what the template says before anything is asked.
   */
  readonly isLate?: true;
}

interface BuiltNode extends NodeCommon {
  readonly relation: RelationName;
  /** Where the node is built aside before it is published; unique by a hash of the whole name. */
  readonly staged: RelationName;
  /** What the relation of the run before is called between the swap and its removal. */
  readonly retired: RelationName;
  readonly indexes: readonly IndexConfig[];
  /** Whether rows are exchanged where they are even where a swap would do; false where absent. */
  readonly publishInPlace?: boolean;
  /** All else that the config says of the relation; plain where absent. */
  readonly design?: PhysicalDesign;
  /** Whether description and column descriptions become comments in the database. */
  readonly persistDocs: { readonly relation: boolean; readonly columns: boolean };
}

/** How new rows come into the table of an incremental model. */
export type IncrementalStrategy =
  | 'append'
  | 'delete+insert'
  | 'merge'
  | 'insert_on_conflict'
  | 'microbatch';

/** How an incremental model is brought up to date. */
export interface Incremental {
  readonly strategy: IncrementalStrategy;
  /** Columns that tell rows apart; empty where none were named. */
  readonly uniqueKey: readonly string[];
  readonly onSchemaChange: 'ignore' | 'fail' | 'append_new_columns' | 'sync_all_columns';
  /** The only columns to update in rows that are there; undefined for all but `excludeColumns`. */
  readonly updateColumns: readonly string[] | undefined;
  readonly excludeColumns: readonly string[];
  /** SQL conditions on `DBT_INTERNAL_DEST` and, for `merge`, on `DBT_INTERNAL_SOURCE`. */
  readonly predicates: readonly string[];
  /** A boolean column: where it is true, the row of that key is removed. */
  readonly deleteMarker: string | undefined;
  /** Whether several staged rows may have one key and together replace all rows of it. */
  readonly mayRepeatKeys: boolean;
  /** Whether the table is to be built anew from nothing. */
  readonly isFullRefresh: boolean;
  /** What `is_incremental()` said while the SQL was made; undefined where it was not asked. */
  readonly compiledAs: boolean | undefined;
}

/** A relation made by one `select`. */
export interface Model extends BuiltNode {
  readonly kind: 'model';
  /** `view`, `table`, `incremental` and `materialized_view` are built; any other stands in `refusals`. */
  readonly materialized: string;
  /** Of a materialized view: built anew whatever its definition; false where absent. */
  readonly isFullRefresh?: boolean | undefined;
  /** What becomes of a materialized view whose definition or indexes changed; `apply` where absent. */
  readonly onConfigurationChange?: 'apply' | 'continue' | 'fail' | undefined;
  /** Set where a `{% materialization %}` of the project or of a package builds it. */
  readonly isOwnKind?: boolean;
  /** Of an incremental model. */
  readonly incremental?: Incremental | undefined;
  readonly rawSql: string;
  /** One select statement, without a semicolon at its end. */
  readonly compiledSql: string;
  /** Where each part of the compiled SQL comes from, for the places of database errors. */
  readonly sqlMap: SqlMap;
}

/** A CSV file loaded as a table. */
export interface Seed extends BuiltNode {
  readonly kind: 'seed';
  readonly delimiter: string;
  /** Types by column name; a column not named here has its type inferred from the file. */
  readonly columnTypes: Readonly<Record<string, string>>;
}

/** A query that returns the rows that are wrong. */
export interface Test extends NodeCommon {
  readonly kind: 'test';
  readonly testKind: 'generic' | 'singular';
  /** Of its compiled file and of the relation of its failures, where that is not `name`. */
  readonly alias?: string;
  /** Name of the generic test (`unique`), or undefined for a singular one. */
  readonly testName: string | undefined;
  /** The node whose YAML carries the test. */
  readonly attachedTo: NodeId | undefined;
  readonly columnName: string | undefined;
  readonly rawSql: string;
  readonly compiledSql: string;
  /** The same query with the staged relation of one parent in place of its published one; made when read. */
  readonly stagedSql: Readonly<Record<NodeId, string>>;
  readonly sqlMap: SqlMap;
  readonly severity: 'error' | 'warn';
  /** SQL comparison on the failure count, such as `!= 0` or `> 10`. */
  readonly warnIf: string;
  readonly errorIf: string;
  /** SQL expression that counts failures over the query's rows. */
  readonly failCalc: string;
  readonly limit: number | undefined;
  /** What the test asks, where it is one of the runner's own and can be asked together with others. */
  readonly shape?: TestShape | undefined;
  /** The same with the staged relation of one parent in place of its published one. */
  readonly stagedShape?: Readonly<Record<NodeId, TestShape | undefined>>;
  /** Where the rows that it finds are kept; nowhere where absent. */
  readonly stored?: StoredFailures | undefined;
}

/** The relation that keeps the rows that a test found wrong. */
export interface StoredFailures {
  readonly as: 'table' | 'view';
  readonly relation: RelationName;
  readonly staged: RelationName;
  readonly retired: RelationName;
}

/** What a generic test of the runner's own asks of each row, in parts of SQL as the templates gave them. */
export type TestShape = ShapeCommon &
  (
    | { readonly kind: 'not-null' | 'unique' }
    /** `values` is a list of SQL, without brackets. */
    | { readonly kind: 'accepted-values'; readonly values: string }
    /** `to` is a relation as SQL names it, `field` an expression over its columns. */
    | { readonly kind: 'relationships'; readonly to: string; readonly field: string }
  );

interface ShapeCommon {
  /** The relation that is tested. */
  readonly subject: RelationName;
  /** The same as SQL names it. */
  readonly from: string;
  /** The column, or another expression over the relation. */
  readonly column: string;
  /** The config `where`: a condition on the rows that are looked at. */
  readonly where: string | undefined;
}

/** A relation that something else loads. */
export interface Source extends NodeCommon {
  readonly kind: 'source';
  readonly sourceName: string;
  readonly relation: RelationName;
}

/** Any node of the manifest. */
export type Node = Model | Seed | Test | Source;

/** A node that a run builds. */
export type Buildable = Model | Seed;

/** Where each part of compiled SQL was written; `placeAt` of core/template reads it. */
export type SqlMap = readonly SourceMark[];

/** The project with no question left. */
export interface Manifest {
  readonly projectName: string;
  /** Nodes in the order of their ids. */
  readonly nodes: ReadonlyMap<NodeId, Node>;
}
