// Every node of a project as artifacts and selections show it, those among them that no run builds.

import type {
  ParsedAnalysis,
  ParsedExposure,
  ParsedGenericTest,
  ParsedModel,
  ParsedSeed,
  ParsedSemantic,
  ParsedSingularTest,
  ParsedSnapshot,
  ParsedSource,
  ParsedUnitTest,
} from '../project/types.ts';
import type { CapturedRead } from './capture.ts';
import type { Node, NodeId, RelationName } from './types.ts';

/** dbt's word for a kind of node. */
export type DescribedType =
  | 'model'
  | 'seed'
  | 'snapshot'
  | 'test'
  | 'unit_test'
  | 'source'
  | 'exposure'
  | 'analysis'
  | 'metric'
  | 'semantic_model'
  | 'saved_query';

/** A node as written. */
export type ParsedNode =
  | ParsedModel
  | ParsedSeed
  | ParsedSnapshot
  | ParsedSingularTest
  | ParsedGenericTest
  | ParsedUnitTest
  | ParsedSource
  | ParsedExposure
  | ParsedAnalysis
  | ParsedSemantic;

/** What is known of a node once the project is compiled. */
export interface DescribedNode {
  readonly uniqueId: NodeId;
  readonly resourceType: DescribedType;
  /** As the compiler knows it; undefined for a kind that is not compiled. */
  readonly node: Node | undefined;
  readonly parsed: ParsedNode;
  readonly fqn: readonly string[];
  readonly tags: readonly string[];
  /** With dbt's names and defaults. */
  readonly config: Readonly<Record<string, unknown>>;
  /** As given, folder by folder and in the file: the last says what counts. */
  readonly unrenderedConfig: Readonly<Record<string, unknown>>;
  readonly dependsOn: readonly NodeId[];
  /** Ids of the macros that its template names. */
  readonly macros: readonly string[];
  /** The refs and sources that its template names, in their order. */
  readonly reads: readonly Pick<CapturedRead, 'kind' | 'words' | 'version'>[];
  readonly relation: RelationName | undefined;
  /** The property file that describes it. */
  readonly patchPath: string | undefined;
  readonly version: string | number | undefined;
  readonly latestVersion: string | number | undefined;
}

/** A macro as artifacts show it. */
export interface DescribedMacro {
  readonly uniqueId: string;
  readonly name: string;
  readonly packageName: string;
  readonly path: string;
  /** The block as written. */
  readonly text: string;
  readonly macros: readonly string[];
}

/** A project described. */
export interface DescribedProject {
  /** In the order of their ids. */
  readonly nodes: ReadonlyMap<NodeId, DescribedNode>;
  readonly macros: readonly DescribedMacro[];
}
