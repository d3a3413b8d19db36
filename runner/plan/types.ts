// What a run will do, as data: printed by --dry-run, performed by execute, asserted by tests.

import type { ContractColumn, Partitioning, PhysicalDesign } from '../compile/design.ts';
import type {
  Incremental,
  IndexConfig,
  NodeId,
  RelationName,
  Snapshot,
  StoredFailures,
  TestShape,
} from '../compile/types.ts';

/** What exists in the database now, of what the manifest names. */
export interface Catalog {
  readonly schemas: ReadonlySet<string>;
  /** By schema: who has the right to use it, and whether we can give that right. */
  readonly schemaUsage?: ReadonlyMap<string, SchemaUsage>;
  /** By `quoteQualified(schema, identifier)`; a relation that is not there has no entry. */
  readonly relations: ReadonlyMap<string, RelationState>;
}

/** Who may use a schema; the empty name is PUBLIC. */
export interface SchemaUsage {
  readonly grantees: readonly string[];
  readonly canGrant: boolean;
}

/** One relation as the database has it. */
export interface RelationState {
  readonly oid: number;
  readonly kind:
    | 'table'
    | 'partitioned-table'
    | 'view'
    | 'materialized-view'
    | 'foreign-table'
    | 'other';
  readonly columns: readonly ColumnState[];
  /** Indexes that no constraint owns. */
  readonly indexes: readonly IndexState[];
  readonly constraints: readonly ConstraintState[];
  readonly dependents: readonly Dependent[];
  readonly grants: readonly Grant[];
  readonly owner: string;
  readonly comment: string | undefined;
  /** Statistics on several columns or expressions, those in the relation's own schema. */
  readonly statistics?: readonly StatisticsState[];
  /** Of a partitioned table: pg_get_partkeydef. */
  readonly partitionKey?: string | undefined;
  readonly partitions?: readonly PartitionState[];
  /** Storage options, such as `fillfactor=70` or, on a view, `security_barrier=true`. */
  readonly options: readonly string[];
  /** False for a materialized view that was never filled. */
  readonly isPopulated?: boolean;
  /** Of a view or materialized view: pg_get_viewdef under `search_path = pg_catalog`, no semicolon. */
  readonly definition: string | undefined;
}

/** A column with its type as `format_type` prints it, modifiers included. */
export interface ColumnState {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly comment: string | undefined;
}

/** An index that stands on its own. */
export interface IndexState {
  readonly name: string;
  readonly unique: boolean;
  /** The columns that it reads, in expressions and predicate too. */
  readonly columns: readonly string[];
  /** pg_get_indexdef's text from `USING` on: what follows the name of the table. */
  readonly tail: string;
  readonly comment?: string | undefined;
}

/** Statistics on several columns. */
export interface StatisticsState {
  readonly name: string;
  /** The columns that they read, in expressions too. */
  readonly columns: readonly string[];
  /** pg_get_statisticsobjdef's text between the name and ` FROM `. */
  readonly middle: string;
}

/** One partition of a partitioned table. */
export interface PartitionState {
  readonly name: string;
  /** `FOR VALUES …` or `DEFAULT`. */
  readonly bound: string;
}

/** A constraint of the relation; not-null marks are none. */
export interface ConstraintState {
  readonly name: string;
  readonly kind: 'primary-key' | 'unique' | 'check' | 'foreign-key' | 'exclusion';
  readonly columns: readonly string[];
  /** pg_get_constraintdef's text. */
  readonly definition: string;
  readonly comment?: string | undefined;
  /** False for one that was never checked against the rows there; true where absent. */
  readonly isValid?: boolean;
}

/** A right that a role holds on the relation, or on one of its columns. */
export interface Grant {
  readonly grantee: string;
  readonly privilege: string;
  readonly column: string | undefined;
  readonly grantable: boolean;
}

/** Something that would be lost or broken if the relation were replaced by another. */
export type Dependent = DependentView | DependentMaterializedView | OtherDependent;

/** An ordinary view that reads the relation directly: recreated with `create or replace`. */
export interface DependentView {
  readonly kind: 'view';
  readonly relation: RelationName;
  readonly oid: number;
  readonly owner: string;
  /** pg_get_viewdef under `search_path = pg_catalog`, so that every name is qualified. */
  readonly definition: string;
  readonly options: readonly string[];
  /** The columns of the relation that it reads. */
  readonly readsColumns: readonly string[];
}

/** A materialized view that reads the relation: swapped away from under it only where it is built next. */
export interface DependentMaterializedView {
  readonly kind: 'materialized-view';
  readonly relation: RelationName;
  readonly description: string;
}

/** Any other dependent: it keeps the relation from being swapped. */
export interface OtherDependent {
  readonly kind: 'other';
  /** As pg_describe_object says it. */
  readonly description: string;
  /** Of a default value or an owned sequence: the column that it is for. */
  readonly column?: string;
}

/** One statement; its text is complete. */
export interface Statement {
  readonly sql: string;
  /** What it is for, shown in a dry run and in errors. */
  readonly purpose: string;
  /** Where in `sql` the node's own compiled SQL begins, for the places of errors. */
  readonly bodyOffset?: number;
  /** Whether its rows count as rows that the node wrote. */
  readonly writes?: boolean;
  /** `sql` is a template, rendered right before it runs. */
  readonly hook?: HookRun;
  /** `sql` is a query whose columns must be these; its rows are of no interest. */
  readonly contract?: readonly ContractColumn[];
  /** `sql` tells the bounds of the partitions that the rows ask for; they are made next. */
  readonly partitioning?: Partitioning;
  /** Which relation gets those partitions; the stage where absent. */
  readonly partitionsOf?: 'published' | 'staged';
}

/** What a hook's template is rendered for. */
export interface HookRun {
  /** Which relation `this` is. */
  readonly on: 'published' | 'staged';
  /** How errors name it: `post-hook 2`. */
  readonly label: string;
}

/** A test run as one query that returns failures, should_warn and should_error. */
export interface TestQuery {
  readonly test: NodeId;
  readonly sql: string;
  /** Where in `sql` the test's own query begins, for the places of errors. */
  readonly bodyOffset: number;
  /** The test's own query, for the compiled file and for showing the rows that fail. */
  readonly rowsSql: string;
  readonly severity: 'error' | 'warn';
  /** SQL comparisons on the number of failures. */
  readonly warnIf: string;
  readonly errorIf: string;
  /** SQL that counts the failures among the rows. */
  readonly failCalc: string;
  readonly limit: number | undefined;
  /** What it asks, where that can be asked together with others. */
  readonly shape: TestShape | undefined;
  /** Where the rows that it finds are kept. */
  readonly stored: StoredQuery | undefined;
  /** Set where the query is made when its turn comes: until then `sql` is empty. */
  readonly isLate?: true;
}

/** Where and as what the rows of a test are kept. */
export interface StoredQuery extends StoredFailures {
  /** The test's query on published relations: a view must not read a stage. */
  readonly publishedSql: string;
  /** Whether the test reads a stage, which is gone where the test holds it back. */
  readonly readsStage: boolean;
}

/** What is known of a relation without reading its rows. */
export interface RelationFacts {
  readonly columns: ReadonlyMap<string, ColumnFacts>;
}

/** What is known of a column. */
export interface ColumnFacts {
  /** Name of its type in pg_catalog, such as `text` or `int8`; of another schema, undefined. */
  readonly type: string | undefined;
  /** Whether a valid constraint keeps NULL out. */
  readonly notNull: boolean;
  /** Whether a valid, immediate unique index over this column alone covers every row. */
  readonly unique: boolean;
}

/** What is decided of tests while they run, from what is known by then. */
export interface TestPlanning {
  shareTests(queries: readonly TestQuery[], facts: RelationFacts): SharedTests;
  /** Returns a scan without the tests that look values up in other relations, and those tests. */
  withoutLookUps(scan: SharedScan): {
    readonly scan: SharedScan | undefined;
    readonly alone: readonly TestQuery[];
  };
  /** Returns the step that keeps the rows of a test; undefined where none are kept. */
  storedStep(query: TestQuery, parts: StoredParts): BuildStep | undefined;
}

/** How the rows of a test are kept this time. */
export interface StoredParts {
  readonly as: 'table' | 'view';
  /** Whether the test is known to find nothing: then the table is made without asking again. */
  readonly isEmpty: boolean;
}

/** How the tests of one relation are asked. */
export interface SharedTests {
  /** True already, by a constraint or an index. */
  readonly proven: readonly TestQuery[];
  /** Asked in one scan of the relation. */
  readonly scan: SharedScan | undefined;
  /** Asked by grouping hashes, which say whether there is a duplicate at all. */
  readonly hashed: readonly HashedTest[];
  /** Asked one by one. */
  readonly alone: readonly TestQuery[];
}

/** One query that answers several tests, with columns `failures_1`, `warn_1`, `error_1` and so on. */
export interface SharedScan {
  readonly sql: string;
  readonly tests: readonly ScannedTest[];
  /** Whether the scan looks values up in other relations. */
  readonly looksUp: boolean;
}

/** A test of a scan. */
export interface ScannedTest {
  readonly query: TestQuery;
  /** Whether the number is what the test itself would say, or only tells that there is something. */
  readonly isExact: boolean;
}

/** A unique test, with a query whose one value says whether two rows share a hash. */
export interface HashedTest {
  readonly query: TestQuery;
  readonly sql: string;
}

interface Publishing {
  /** Locks on the stage, which nobody reads: sent first, so that waiting for them stalls no reader. */
  readonly prepare: readonly Statement[];
  /** Sent as one message, so that locks are held for no round trip; the executor commits. */
  readonly statements: readonly Statement[];
}

/** How a staged relation becomes the published one. */
export type Publication =
  | (Publishing & { readonly kind: 'create' })
  | (Publishing & {
      readonly kind: 'swap';
      /** Run at the end of the run, each in a transaction of its own. */
      readonly retire: readonly Statement[];
      /** Views, plain and materialized, left on the relation of the run before until this run builds them. */
      readonly left: readonly RelationName[];
    })
  | (Publishing & { readonly kind: 'replace-view' })
  | (Publishing & {
      readonly kind: 'in-place';
      readonly retire: readonly Statement[];
      /** Run once it is committed, each on its own: what takes long and disturbs no reader. */
      readonly after?: readonly Statement[];
      /** What a swap would have lost. */
      readonly because: readonly string[];
    })
  | Merging
  | { readonly kind: 'refuse'; readonly reason: string; readonly hint: string };

/** Staged rows are merged into the published table, whose tests run before the commit. */
export interface Merging extends Publishing {
  readonly kind: 'merge';
  /** Changes of columns, under a lock that stalls readers until the commit: mostly none. */
  readonly changes: readonly Statement[];
  /** Run once it is committed, each on its own. */
  readonly after?: readonly Statement[];
  readonly retire: readonly Statement[];
}

/** How staged rows find the rows that they replace. */
export interface Delta {
  readonly incremental: Incremental;
  /** Of a microbatch model: what it replaces, whether rows are still there or not. */
  readonly windows: readonly TimeWindow[];
  /** The column that the windows are about; undefined where there are none. */
  readonly eventTime: string | undefined;
}

/** How staged rows become versions of the rows of a snapshot. */
export interface VersionDelta {
  readonly versions: Versioning;
}

/** What of a snapshot says how its versions are told apart and written. */
export type Versioning = Pick<
  Snapshot,
  | 'strategy'
  | 'uniqueKey'
  | 'updatedAt'
  | 'checkColumns'
  | 'hardDeletes'
  | 'validToCurrent'
  | 'snapshotColumns'
>;

/** A stretch of time, from `start` up to and without `end`; both as PostgreSQL reads them. */
export interface TimeWindow {
  readonly start: string;
  readonly end: string;
}

/** What the staged rows say of themselves. */
export interface DeltaFacts {
  /** Columns of the unique key that have a NULL. */
  readonly nullKeys: readonly string[];
  /** Some of the keys that several rows have, each as the text of its values. */
  readonly duplicates: readonly {
    readonly key: readonly (string | null)[];
    readonly rows: number;
  }[];
  /** Rows outside all windows. */
  readonly strays: number;
}

/** What a merge is decided from. */
export interface DeltaInput {
  readonly step: PublishedStep;
  readonly delta: Delta | VersionDelta;
  readonly current: RelationState;
  /** Undefined before the stage is there: taken to have the columns of the table. */
  readonly staged: RelationState | undefined;
  /** Undefined before they are asked. */
  readonly facts: DeltaFacts | undefined;
}

/** The decisions of a merge, which the executor takes once the stage is filled. */
export interface DeltaPlanner {
  /** The query of one JSON value, the facts; undefined where none is needed. */
  askFacts(input: DeltaInput): Statement | undefined;
  planMerge(input: DeltaInput): Publication;
  /** Why staged rows with these facts are neither merged nor published; undefined where they may be. */
  refuseFacts(input: DeltaInput): Publication | undefined;
}

/** What `planPublication` decides from: the catalog of the moment. */
export interface PublicationInput {
  readonly step: PublishedStep;
  readonly current: RelationState | undefined;
  /** Undefined before the stage is built: taken to be as its config and the current relation say. */
  readonly staged: RelationState | undefined;
  /** What still stands under the retired name, because a view reads it. */
  readonly retired: RelationState | undefined;
  /** Keys of relations that this run has yet to build. */
  readonly pending: ReadonlySet<string>;
  /** Set when the swap cannot get its locks. */
  readonly preferInPlace: boolean;
}

/** How a materialized view whose definition did not change is filled again where it stands. */
export type Refresh =
  | {
      readonly kind: 'refresh';
      /** Whether readers go on meanwhile: a unique index over plain columns allows it. */
      readonly isConcurrent: boolean;
      /** In the publishing transaction, before the audits. */
      readonly statements: readonly Statement[];
      /** What the config asks for and is not done, by `on_configuration_change: continue`. */
      readonly passedOver: readonly string[];
    }
  /** Its definition or its indexes changed, or a swap disturbs readers less: build it aside. */
  | { readonly kind: 'rebuild' }
  | { readonly kind: 'refuse'; readonly reason: string; readonly hint: string };

/** What `planRefresh` decides from: the stage is there, without rows. */
export interface RefreshInput {
  readonly step: PublishedStep;
  readonly current: RelationState;
  readonly staged: RelationState;
  /** Keys of relations that this run has yet to build. */
  readonly pending: ReadonlySet<string>;
}

/** What of a build step says how it is finished and published. */
export type PublishedStep = Pick<
  BuildStep,
  | 'node'
  | 'relation'
  | 'staged'
  | 'retired'
  | 'materialized'
  | 'finishing'
  | 'viewSql'
  | 'publishInPlace'
  | 'onConfigurationChange'
>;

/** What a stage gets after its rows, as the project's files say it. */
export interface Finishing {
  /** All else that the config says of the relation; plain where absent. */
  readonly design?: PhysicalDesign | undefined;
  readonly indexes: readonly IndexConfig[];
  readonly comment: string | undefined;
  readonly columnComments: Readonly<Record<string, string>>;
}

/** A CSV file to stream into the staged table once its columns and types are known. */
export interface SeedLoad {
  readonly path: string;
  readonly delimiter: string;
  readonly columnTypes: Readonly<Record<string, string>>;
  /** Whether the names of the columns stay as they are written; false where absent. */
  readonly isQuoted?: boolean;
  /** Whether the table is made without a log of its changes; false where absent. */
  readonly isUnlogged?: boolean;
  /** What follows the columns in `create table`; nothing where absent. */
  readonly tableOptions?: string;
}

/** Builds one node: aside, audited, published. */
export interface BuildStep {
  readonly kind: 'build';
  readonly node: NodeId;
  readonly relation: RelationName;
  readonly staged: RelationName;
  readonly retired: RelationName;
  readonly materialized: 'view' | 'table' | 'seed' | 'materialized-view';
  /** Whether rows are exchanged where they are even where a swap would do: old snapshots read on. */
  readonly publishInPlace: boolean;
  /** Of a materialized view there already: what becomes of a changed definition or index. */
  readonly onConfigurationChange: 'apply' | 'continue' | 'fail';
  /** Set where a materialization of the project's own builds it: then `stage` to `publication` say nothing. */
  readonly isOwnKind?: boolean | undefined;
  /** Steps that must have succeeded. */
  readonly after: readonly NodeId[];
  /** Set where the stage holds rows to merge into the published table and not the table itself. */
  readonly delta?: Delta | VersionDelta | undefined;
  /** Set where the stage is a whole table, whose rows must be such that others can be merged later. */
  readonly guard?: Delta | VersionDelta | undefined;
  /** Sent in the transaction that publishes, before its commit. */
  readonly record?: readonly Statement[] | undefined;
  /** Set where the SQL is made when its turn comes: until then `stage` is empty. */
  readonly isLate?: true;
  /** Creates and fills the stage; for a seed everything but the filling. */
  readonly stage: readonly Statement[];
  /** Of a materialized view: built anew whatever its definition. */
  readonly isFullRefresh: boolean;
  /** Of a materialized view: fills the stage, once it is clear that the one there is not refreshed. */
  readonly fill: readonly Statement[];
  readonly load: SeedLoad | undefined;
  readonly finishing: Finishing;
  /** Of a view: its compiled SQL. */
  readonly viewSql: string | undefined;
  /** Forecast of indexes, constraints, comments, grants and analyze; decided anew once the stage stands. */
  readonly finish: readonly Statement[];
  readonly audits: readonly TestQuery[];
  /** Hooks in the publishing transaction, and those after it; undefined where there are none. */
  readonly postHooks?: {
    readonly inside: readonly Statement[];
    readonly outside: readonly Statement[];
  };
  /** The same tests on the published relation, run before the transaction that changes it commits. */
  readonly auditsInPlace: readonly TestQuery[];
  /** As the catalog was when the plan was made; decided anew from the catalog of the moment. */
  readonly publication: Publication;
  /** Removes the stage when the step does not publish it. */
  readonly discard: readonly Statement[];
}

/** Runs tests on published relations: one, or several of the same relation, which share a scan. */
export interface TestStep {
  readonly kind: 'test';
  /** The first of the tests. */
  readonly node: NodeId;
  readonly after: readonly NodeId[];
  readonly queries: readonly TestQuery[];
}

/** Runs a unit test, which reads no relation of the project. */
export interface UnitTestStep {
  readonly kind: 'unit-test';
  readonly node: NodeId;
  readonly after: readonly NodeId[];
  /** The model's query over made-up rows; empty where it is made when its turn comes. */
  readonly sql: string;
  readonly isLate?: true | undefined;
}

/** One unit of work of a run. */
export type Step = BuildStep | TestStep | UnitTestStep;

/** Everything that a run will do, in an order in which each step follows those it needs. */
export interface Plan {
  /** Drops what killed runs left, before anything else. */
  readonly cleanup: readonly Statement[];
  /** Schemas to create before the first step. */
  readonly schemas: readonly Statement[];
  readonly steps: readonly Step[];
}
