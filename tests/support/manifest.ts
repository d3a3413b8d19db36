// Manifests made by hand, for tests of stages after compile.

import { createHash } from 'node:crypto';
import type {
  Manifest,
  Model,
  Node,
  NodeId,
  RelationName,
  Seed,
  Source,
  Test,
} from '../../runner/compile/types.ts';
import type { Graph } from '../../runner/graph/types.ts';

/** What a test says of a model; the rest has a value that says nothing. */
export interface ModelParts extends Partial<Model> {
  readonly schema: string;
  readonly sql: string;
}

/** Returns the name beside a relation, as long and as unique as the compiler's. */
function beside({ schema, identifier }: RelationName, role: string): RelationName {
  const hash = createHash('sha256').update(`${schema}.${identifier}`).digest('hex').slice(0, 10);
  return { schema, identifier: `${identifier.slice(0, 40)}__${role}_${hash}` };
}

/** Returns the id of a model of the test project. */
export function modelId(name: string): NodeId {
  return `model.shop.${name}`;
}

/** Returns the id of a test of the test project. */
export function testId(name: string): NodeId {
  return `test.shop.${name}`;
}

function common(name: string, path: string) {
  return {
    name,
    packageName: 'shop',
    path,
    fqn: ['shop', name],
    tags: [],
    description: '',
    columns: [],
    meta: {},
    dependsOn: [],
  };
}

function built(schema: string, name: string) {
  const relation = { schema, identifier: name };
  return {
    relation,
    staged: beside(relation, 'staged'),
    retired: beside(relation, 'retired'),
    indexes: [],
    persistDocs: { relation: false, columns: false },
  };
}

/** Makes a table model unless told otherwise. */
export function model(name: string, { schema, sql, ...parts }: ModelParts): Model {
  return {
    kind: 'model',
    uniqueId: modelId(name),
    ...common(name, `models/${name}.sql`),
    ...built(schema, name),
    materialized: 'table',
    rawSql: sql,
    compiledSql: sql,
    sqlMap: [{ offset: 0, path: `models/${name}.sql`, line: 1, column: 1, kind: 'text' }],
    ...parts,
  };
}

/** Makes a seed at `seeds/<name>.csv`. */
export function seed(name: string, schema: string, parts: Partial<Seed> = {}): Seed {
  return {
    kind: 'seed',
    uniqueId: `seed.shop.${name}`,
    ...common(name, `seeds/${name}.csv`),
    ...built(schema, name),
    delimiter: ',',
    columnTypes: {},
    ...parts,
  };
}

/** Makes a source that something else loads. */
export function source(name: string, schema: string): Source {
  return {
    kind: 'source',
    uniqueId: `source.shop.raw.${name}`,
    ...common(name, 'models/sources.yml'),
    sourceName: 'raw',
    relation: { schema, identifier: name },
  };
}

/** Makes a test that any row fails; its SQL names the relation of a model between `{` and `}`. */
export function dataTest(
  name: string,
  sql: string,
  parents: readonly (Model | Seed | Source)[],
  parts: Partial<Test> = {},
): Test {
  const quote = ({ schema, identifier }: RelationName) => `"${schema}"."${identifier}"`;
  const render = (staged?: NodeId) =>
    sql.replace(/\{(\w+)\}/g, (_, wanted: string) => {
      const parent = parents.find((candidate) => candidate.name === wanted);
      if (parent === undefined) throw new Error(`the test has no parent ${wanted}`);
      const isStaged = parent.uniqueId === staged && parent.kind !== 'source';
      return quote(isStaged ? parent.staged : parent.relation);
    });
  return {
    kind: 'test',
    uniqueId: testId(name),
    ...common(name, `tests/data/${name}.sql`),
    testKind: 'singular',
    testName: undefined,
    attachedTo: undefined,
    columnName: undefined,
    rawSql: sql,
    compiledSql: render(),
    stagedSql: Object.fromEntries(
      parents.map((parent) => [parent.uniqueId, render(parent.uniqueId)]),
    ),
    sqlMap: [],
    severity: 'error',
    warnIf: '!= 0',
    errorIf: '!= 0',
    failCalc: 'count(*)',
    limit: undefined,
    dependsOn: parents.map((parent) => parent.uniqueId).sort(),
    ...parts,
  };
}

/** Makes a manifest and its graph; nodes must be given after those they depend on. */
export function project(nodes: readonly Node[]): { manifest: Manifest; graph: Graph } {
  const sorted = [...nodes].sort((a, b) => (a.uniqueId < b.uniqueId ? -1 : 1));
  const children = new Map<NodeId, NodeId[]>(nodes.map((node) => [node.uniqueId, []]));
  for (const node of nodes) {
    for (const parent of node.dependsOn) children.get(parent)?.push(node.uniqueId);
  }
  return {
    manifest: {
      projectName: 'shop',
      nodes: new Map(sorted.map((node) => [node.uniqueId, node])),
    },
    graph: {
      parents: new Map(nodes.map((node) => [node.uniqueId, node.dependsOn])),
      children,
      order: nodes.map((node) => node.uniqueId),
    },
  };
}
