// Who reads whom, and what a selection knows of each node.

import type { Place } from '../../core/errors.ts';
import type { NodeId } from '../compile/types.ts';

/** Who reads whom; a project's graph has no cycles. */
export interface Graph {
  readonly parents: ReadonlyMap<NodeId, readonly NodeId[]>;
  readonly children: ReadonlyMap<NodeId, readonly NodeId[]>;
  /** Every node after its parents; among equals by id, so that two runs have the same order. */
  readonly order: readonly NodeId[];
}

/** The edges of a graph, without an order. */
export type Edges = Pick<Graph, 'parents' | 'children'>;

/** dbt's names for kinds of node. */
export const resourceTypes = [
  'model',
  'seed',
  'snapshot',
  'test',
  'unit_test',
  'source',
  'exposure',
  'analysis',
  'metric',
  'semantic_model',
  'saved_query',
] as const;

/** A kind of node, in dbt's word. */
export type ResourceType = (typeof resourceTypes)[number];

/** A node as selections see it, whatever stage it comes from. */
export interface Selectable {
  readonly uniqueId: NodeId;
  readonly resourceType: ResourceType;
  readonly name: string;
  readonly packageName: string;
  readonly fqn: readonly string[];
  /** Path of the defining file, relative to the project, with `/`. */
  readonly path: string;
  /** The property file that describes it, where that is another file. */
  readonly patchPath?: string | undefined;
  readonly tags: readonly string[];
  /** With dbt's names and defaults. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly dependsOn: readonly NodeId[];
  readonly group?: string | undefined;
  /** Of a model. */
  readonly access?: string | undefined;
  readonly version?: string | number | undefined;
  readonly latestVersion?: string | number | undefined;
  /** Of a source table. */
  readonly sourceName?: string | undefined;
  /** Of a test. */
  readonly testType?: 'generic' | 'singular' | undefined;
  /** Of a generic test: `unique`. */
  readonly testName?: string | undefined;
}

/** When a test comes along with the nodes that it reads. */
export const indirectModes = ['eager', 'cautious', 'buildable', 'empty'] as const;

/**
 * `eager`: with any of its parents; `cautious`: with all of them; `buildable`: with all, those counted
 * that stand above the selection; `empty`: never.
 */
export type IndirectMode = (typeof indirectModes)[number];

/** One criterion: what matches, and how far up and down it reaches. */
export interface Criterion {
  readonly kind: 'criterion';
  /** As written. */
  readonly text: string;
  readonly method: string;
  /** What follows the method's name: `meta`, `owner` of `config.meta.owner:`. */
  readonly methodArguments: readonly string[];
  /** Not a text only where YAML says so. */
  readonly value: string | number | boolean;
  /** Generations above and below that come along; infinity for all. */
  readonly parents: number;
  readonly children: number;
  /** `@`: all children, and all that those need. */
  readonly childrensParents: boolean;
  readonly indirect: IndirectMode;
}

/** Criteria put together. */
export interface CriterionSet {
  readonly kind: 'union' | 'intersection' | 'difference';
  /** Of a difference, the second is taken from the first. */
  readonly parts: readonly SelectionSpec[];
  /** By which tests come back whose parents the parts bring together. */
  readonly indirect: IndirectMode;
  /** As written; set where matching nothing is to be told. */
  readonly toldAs?: string | undefined;
}

/** A selection, parsed. */
export type SelectionSpec = Criterion | CriterionSet;

/** A selection of selectors.yml. */
export interface NamedSelector {
  readonly name: string;
  readonly description: string;
  readonly isDefault: boolean;
  readonly spec: SelectionSpec;
  readonly place: Place;
}

/** What `state:` compares of a node: texts that are equal where nothing has changed. */
export interface StateNode {
  /** dbt's word, and `generic_test` for those. */
  readonly resourceType: string;
  /** Undefined where this kind of node has none, as for the three below. */
  readonly body: string | undefined;
  readonly configs: string | undefined;
  readonly relation: string | undefined;
  readonly descriptions: StateDescriptions | undefined;
  /** All else that makes it another node: its fqn, what refs to it mean, what a source or exposure says. */
  readonly identity: string;
  /** Of a contract that is enforced; empty where none is. */
  readonly contract: string | undefined;
  /** Ids of the macros that it calls. */
  readonly macros: readonly string[];
}

/** Descriptions, and which of them become comments in the database. */
export interface StateDescriptions {
  readonly relation: string;
  readonly columns: string;
  readonly isPersisted: { readonly relation: boolean; readonly columns: boolean };
}

/** What `state:` compares of a project. */
export interface StateManifest {
  /** The program that wrote it; the macros of another program are not compared with ours. */
  readonly generator: string;
  readonly nodes: ReadonlyMap<NodeId, StateNode>;
  readonly macros: ReadonlyMap<string, StateMacro>;
}

/** A macro's text, and the macros that it calls. */
export interface StateMacro {
  readonly packageName: string;
  readonly text: string;
  readonly macros: readonly string[];
}

/** What earlier runs left for `state:`, `result:` and `source_status:`. */
export interface PreviousState {
  readonly manifest: StateManifest | undefined;
  /** Status by node of the run before. */
  readonly results: ReadonlyMap<NodeId, string> | undefined;
  /** When each source was loaded last, ISO 8601; undefined where that could not be told. */
  readonly sources: ReadonlyMap<NodeId, string | undefined> | undefined;
}

/** Everything that a selection is evaluated against. */
export interface SelectionProject {
  readonly projectName: string;
  readonly nodes: ReadonlyMap<NodeId, Selectable>;
  readonly edges: Edges;
  readonly selectors: ReadonlyMap<string, NamedSelector>;
  /** Of --state; undefined without it. */
  readonly previous?: PreviousState | undefined;
  /** The project as it is now, made when `state:` asks for it. */
  readonly current?: (() => StateManifest) | undefined;
  /** As `PreviousState.sources`, of the project's own last `source freshness`. */
  readonly currentSources?: PreviousState['sources'];
}
