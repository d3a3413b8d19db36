// The manifest: every node of a project with no question left. Produced by compile, read by all after it.

import type { Place, UserError } from '../../core/errors.ts';
import type { SourceMark } from '../../core/template/source-map.ts';
import type { PhysicalDesign } from './design.ts';

/** A node's name across the project, in dbt's form: `model.fundlens.contributions`. */
export type NodeId = string;

/** A relation in the target's database. */
export interface RelationName {
  readonly schema: string;
  readonly identifier: string;
}

/** How SQL names a relation of which not every part stands in quotes: PostgreSQL folds the other parts. */
export interface WrittenName extends RelationName {
  readonly quote: {
    readonly database: boolean;
    readonly schema: boolean;
    readonly identifier: boolean;
  };
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
  /** As templates name it, where `quoting` leaves a part without quotes. */
  readonly written?: WrittenName;
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
  /** SQL of the time of a row, by which microbatch models cut what they read. */
  readonly eventTime?: string | undefined;
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

/** The batches of a microbatch model that a run builds; times as PostgreSQL reads them, in UTC. */
export interface Batches {
  /** The column that tells to which batch a row belongs. */
  readonly eventTime: string;
  readonly list: readonly Batch[];
}

/** A stretch of time that is built by one query. */
export interface Batch {
  readonly start: string;
  /** Not part of it. */
  readonly end: string;
  /** The end, or the moment of the run where that comes first: what is later can still come. */
  readonly knownTo: string;
  readonly compiledSql: string;
}

/** A relation made by one `select`. */
export interface Model extends BuiltNode {
  readonly kind: 'model';
  /** All but those in `refusals` are built; `ephemeral` goes into what reads it. */
  readonly materialized: string;
  /** Of a materialized view: built anew whatever its definition; false where absent. */
  readonly isFullRefresh?: boolean | undefined;
  /** What becomes of a materialized view whose definition or indexes changed; `apply` where absent. */
  readonly onConfigurationChange?: 'apply' | 'continue' | 'fail' | undefined;
  /** Set where a `{% materialization %}` of the project or of a package builds it. */
  readonly isOwnKind?: boolean;
  /** Of an incremental model. */
  readonly incremental?: Incremental | undefined;
  /** Of a microbatch model; `compiledSql` is then that of the last. */
  readonly batches?: Batches | undefined;
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
  /** Whether the names of its columns stay as they are written; false where absent. */
  readonly isQuoted?: boolean;
  /** Types by column name; a column not named here has its type inferred from the file. */
  readonly columnTypes: Readonly<Record<string, string>>;
}

/** The columns that a snapshot adds to those of its query. */
export interface SnapshotColumns {
  readonly scdId: string;
  readonly updatedAt: string;
  readonly validFrom: string;
  readonly validTo: string;
  /** Only where deleted rows get a record of their own. */
  readonly isDeleted: string;
}

/** A table that keeps every version of the rows of a query. */
export interface Snapshot extends BuiltNode {
  readonly kind: 'snapshot';
  /** How a changed row is told: by a column of times, or by comparing columns. */
  readonly strategy: 'timestamp' | 'check';
  /** SQL of the columns or expressions that tell rows apart. */
  readonly uniqueKey: readonly string[];
  /** SQL of the time of a version; undefined for the moment of the run. */
  readonly updatedAt: string | undefined;
  /** The columns to compare; undefined for all. */
  readonly checkColumns: readonly string[] | undefined;
  readonly hardDeletes: 'ignore' | 'invalidate' | 'new_record';
  /** SQL of the end of a version that holds; undefined for null. */
  readonly validToCurrent: string | undefined;
  readonly snapshotColumns: SnapshotColumns;
  readonly rawSql: string;
  readonly compiledSql: string;
  readonly sqlMap: SqlMap;
}

/** A query that is compiled and never run. */
export interface Analysis extends NodeCommon {
  readonly kind: 'analysis';
  readonly rawSql: string;
  readonly compiledSql: string;
  readonly sqlMap: SqlMap;
}

/** A hook of the project, run before or after all nodes of a run. */
export interface Operation {
  readonly uniqueId: NodeId;
  readonly name: string;
  readonly packageName: string;
  readonly hook: 'on-run-start' | 'on-run-end';
  /** Its place among the hooks of its package and kind, from 0. */
  readonly index: number;
  /** A template, rendered when it is run. */
  readonly rawSql: string;
  /** Of a hook at the start whose template needs nothing but the project. */
  readonly compiledSql?: string;
  readonly place: Place;
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

/** What a model's query must give of rows that are made up. */
export interface UnitTest extends NodeCommon {
  readonly kind: 'unit-test';
  /** The model that is tested. */
  readonly model: NodeId;
  readonly inputs: readonly UnitInput[];
  readonly expected: UnitRows;
  /** The model's query over the inputs; empty where it could not be made. */
  readonly compiledSql: string;
  readonly sqlMap: SqlMap;
  /** Why the test cannot be run. */
  readonly fault: UserError | undefined;
}

/** An input of a unit test: a temporary table stands for a node. */
export interface UnitInput {
  /** As written: `ref('x')`, `source('s', 't')`, `this`. */
  readonly written: string;
  readonly node: NodeId;
  /** Name of the temporary table. */
  readonly table: string;
  readonly rows: UnitRows;
}

/** Rows of a unit test as they were given. */
export type UnitRows = { readonly place: Place } & (
  | { readonly kind: 'dict'; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | { readonly kind: 'csv'; readonly text: string }
  | { readonly kind: 'sql'; readonly sql: string }
);

/** A relation that something else loads. */
export interface Source extends NodeCommon {
  readonly kind: 'source';
  readonly sourceName: string;
  readonly relation: RelationName;
  /** As templates name it, where `quoting` leaves a part without quotes. */
  readonly written?: WrittenName;
  /** SQL of the time of a row, by which microbatch models cut what they read. */
  readonly eventTime?: string | undefined;
  /** How old its rows may be; undefined where nobody asks. */
  readonly freshness?: Freshness | undefined;
}

/** How old the rows of a source may be, and how their age is told. */
export interface Freshness {
  readonly warnAfter: Period | undefined;
  readonly errorAfter: Period | undefined;
  /** A condition on the rows that are looked at. */
  readonly filter: string | undefined;
  /** The query of one row with `max_loaded_at` and `snapshotted_at`; undefined where nothing says when rows came. */
  readonly sql: string | undefined;
}

/** A span of time as YAML has it. */
export interface Period {
  readonly count: number;
  readonly period: 'minute' | 'hour' | 'day';
}

/** Any node of the manifest. */
export type Node = Model | Seed | Snapshot | Analysis | Test | UnitTest | Source;

/** A node that is made of one query. */
export type SqlNode = Model | Snapshot | Analysis | Test | UnitTest;

/** A node that a run builds. */
export type Buildable = Model | Seed | Snapshot;

/** Where each part of compiled SQL was written; `placeAt` of core/template reads it. */
export type SqlMap = readonly SourceMark[];

/** The project with no question left. */
export interface Manifest {
  readonly projectName: string;
  /** Nodes in the order of their ids. */
  readonly nodes: ReadonlyMap<NodeId, Node>;
  /** The hooks of packages and project, in the order in which they are run. */
  readonly operations?: readonly Operation[];
}

/** Says whether a node is made of one query. */
export function isSqlNode(node: Node | undefined): node is SqlNode {
  return node !== undefined && 'compiledSql' in node;
}
