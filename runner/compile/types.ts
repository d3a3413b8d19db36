// The manifest: every node of a project with no question left. Produced by compile, read by all after it.

import type { Place } from '../../core/errors.ts';
import type { SourceMark } from '../../core/template/source-map.ts';

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

/** An index as dbt-postgres configures it. */
export interface IndexConfig {
  readonly columns: readonly string[];
  readonly unique: boolean;
  /** Access method, `btree` where not given. */
  readonly type: string | undefined;
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
  /** Whether description and column descriptions become comments in the database. */
  readonly persistDocs: { readonly relation: boolean; readonly columns: boolean };
}

/** A relation made by one `select`. */
export interface Model extends BuiltNode {
  readonly kind: 'model';
  /** `view` and `table` are built, `ephemeral` goes into what reads it; any other stands in `refusals`. */
  readonly materialized: string;
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

/** A history of a query's rows, as dbt keeps it. */
export interface Snapshot extends BuiltNode {
  readonly kind: 'snapshot';
  readonly rawSql: string;
  readonly compiledSql: string;
  readonly sqlMap: SqlMap;
  /** `timestamp`, `check`, or one of the project's own. */
  readonly strategy: string | undefined;
  readonly uniqueKey: readonly string[];
  /** Column or expression of the strategy `timestamp`. */
  readonly updatedAt: string | undefined;
  /** Columns of the strategy `check`. */
  readonly checkCols: 'all' | readonly string[];
  readonly hardDeletes: 'ignore' | 'invalidate' | 'new_record';
  /** SQL of what `dbt_valid_to` holds for a row that is valid now; null where undefined. */
  readonly validToCurrent: string | undefined;
  /** Names of the columns that the snapshot adds, by dbt's names of them. */
  readonly metaColumns: Readonly<Record<string, string>>;
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
}

/** A relation that something else loads. */
export interface Source extends NodeCommon {
  readonly kind: 'source';
  readonly sourceName: string;
  readonly relation: RelationName;
  /** As templates name it, where `quoting` leaves a part without quotes. */
  readonly written?: WrittenName;
}

/** Any node of the manifest. */
export type Node = Model | Seed | Snapshot | Analysis | Test | Source;

/** A node that is made of one query. */
export type SqlNode = Model | Snapshot | Analysis | Test;

/** A node that a run builds. */
export type Buildable = Model | Seed;

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
