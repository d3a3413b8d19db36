// What a run will do, as data: printed by --dry-run, performed by execute, asserted by tests.

import type { ContractColumn, Partitioning, PhysicalDesign } from '../compile/design.ts';
import type { IndexConfig, NodeId, RelationName } from '../compile/types.ts';

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
  /** Of a view: pg_get_viewdef under `search_path = pg_catalog`, without a semicolon at its end. */
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
export type Dependent = DependentView | OtherDependent;

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
  /** `sql` is a template, rendered right before it runs. */
  readonly hook?: HookRun;
  /** `sql` is a query whose columns must be these; its rows are of no interest. */
  readonly contract?: readonly ContractColumn[];
  /** `sql` tells the bounds of the partitions that the rows ask for; they are made next. */
  readonly partitioning?: Partitioning;
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
      /** Views left on the relation of the run before, until this run builds them. */
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
  | { readonly kind: 'refuse'; readonly reason: string; readonly hint: string };

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

/** What of a build step says how it is finished and published. */
export type PublishedStep = Pick<
  BuildStep,
  'node' | 'relation' | 'staged' | 'retired' | 'materialized' | 'finishing' | 'viewSql'
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
  readonly materialized: 'view' | 'table' | 'seed';
  /** Steps that must have succeeded. */
  readonly after: readonly NodeId[];
  /** Creates and fills the stage; for a seed everything but the filling. */
  readonly stage: readonly Statement[];
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
  /** As the catalog was when the plan was made; decided anew from the catalog of the moment. */
  readonly publication: Publication;
  /** Removes the stage when the step does not publish it. */
  readonly discard: readonly Statement[];
}

/** Runs one test on published relations. */
export interface TestStep {
  readonly kind: 'test';
  readonly node: NodeId;
  readonly after: readonly NodeId[];
  readonly query: TestQuery;
}

/** One unit of work of a run. */
export type Step = BuildStep | TestStep;

/** Everything that a run will do, in an order in which each step follows those it needs. */
export interface Plan {
  /** Drops what killed runs left, before anything else. */
  readonly cleanup: readonly Statement[];
  /** Schemas to create before the first step, and the rights on them. */
  readonly schemas: readonly Statement[];
  readonly steps: readonly Step[];
}
