// The physical design of a relation, as its config and YAML say it: what a stage is made with beyond its rows.

import type { Place } from '../../core/errors.ts';

/** SQL to run around the building of a node: a template until then. */
export interface HookConfig {
  readonly sql: string;
  /** Whether it runs inside the transaction that stages or publishes, or outside of it. */
  readonly transaction: boolean;
}

/** A partition that the config names. */
export interface PartitionConfig {
  readonly values: readonly BoundValue[] | undefined;
  readonly from: BoundValue | undefined;
  readonly to: BoundValue | undefined;
}

/** A bound as YAML has it. */
export type BoundValue = string | number | boolean | null;

/** How a table is cut into partitions. */
export interface Partitioning {
  readonly type: 'list' | 'range';
  readonly column: string;
  /** Of ranges made from the data: a unit of time, or the width of a range of numbers. */
  readonly interval: string | number | undefined;
  /** Undefined where partitions are made as the data asks for them. */
  readonly partitions: readonly PartitionConfig[] | undefined;
  readonly hasDefault: boolean;
}

/** Statistics on several columns, or on expressions. */
export interface StatisticsConfig {
  /** Columns by name; what is no name is an expression. */
  readonly columns: readonly string[];
  /** All kinds that the server has where it is empty. */
  readonly kinds: readonly string[];
}

/** A constraint as YAML has it, its relations resolved. */
export interface ConstraintConfig {
  readonly type: 'not_null' | 'unique' | 'primary_key' | 'foreign_key' | 'check' | 'custom';
  readonly name: string | undefined;
  readonly columns: readonly string[];
  readonly expression: string | undefined;
  /** Of a foreign key: the other table, as SQL, and its columns. */
  readonly to: string | undefined;
  readonly toColumns: readonly string[];
}

/** A column that a contract promises. */
export interface ContractColumn {
  readonly name: string;
  /** As YAML has it, dbt's aliases replaced. */
  readonly type: string;
  readonly notNull: boolean;
  /** Custom constraints of the column: SQL that stands after its type. */
  readonly custom: readonly string[];
  readonly place: Place | undefined;
}

/** What an enforced contract promises of a model. */
export interface Contract {
  readonly columns: readonly ContractColumn[];
  /** All but not-null marks and custom constraints of a column. */
  readonly constraints: readonly ConstraintConfig[];
}

/** Everything about a relation but its name, rows, indexes and comments. */
export interface PhysicalDesign {
  readonly isUnlogged: boolean;
  /** Undefined where nothing is configured: then what is published keeps its own. */
  readonly storageParameters: Readonly<Record<string, string>> | undefined;
  readonly tablespace: string | undefined;
  readonly partitioning: Partitioning | undefined;
  readonly statistics: readonly StatisticsConfig[];
  readonly statisticsTargets: Readonly<Record<string, number>>;
  readonly columnStorage: Readonly<Record<string, string>>;
  readonly columnCompression: Readonly<Record<string, string>>;
  readonly analyze: boolean;
  /** `insert`: the stage is made empty first, `afterCreate` runs, then the rows are inserted. */
  readonly fill: 'create_as' | 'insert';
  readonly afterCreate: readonly HookConfig[];
  readonly preHooks: readonly HookConfig[];
  readonly postHooks: readonly HookConfig[];
  /** SQL to run right before the rows are made. */
  readonly sqlHeader: string | undefined;
  /** Grantees by privilege, as written; undefined where grants are not configured. */
  readonly grants: Readonly<Record<string, readonly string[]>> | undefined;
  readonly contract: Contract | undefined;
}
