// dbt's own selection cases: graphs as data, selections, and the nodes that dbt selects.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../../../core/package-root.ts';
import { parseCriterion } from '../../../../runner/graph/parse-criteria.ts';
import { parseSelectors } from '../../../../runner/graph/parse-selectors.ts';
import { matchCriterion, selectNodes } from '../../../../runner/graph/select.ts';
import { edgesBetween } from '../../../../runner/graph/selectables.ts';
import {
  indirectModes,
  resourceTypes,
  type Selectable,
  type SelectionProject,
} from '../../../../runner/graph/types.ts';
import { parseSelectorsFile } from '../../../../runner/project/selectors-file.ts';

const version = z.union([z.string(), z.number()]);
const node = z.object({
  id: z.string(),
  type: z.enum(resourceTypes),
  name: z.string(),
  fqn: z.array(z.string()),
  package: z.string(),
  path: z.string(),
  tags: z.array(z.string()).default([]),
  config: z.record(z.string(), z.unknown()).default({}),
  depends_on: z.array(z.string()),
  group: z.string().optional(),
  patch_path: z.string().optional(),
  source_name: z.string().optional(),
  version: version.optional(),
  latest_version: version.optional(),
  test_type: z.enum(['generic', 'singular', 'unit']).optional(),
  test_name: z.string().optional(),
});
const casesSchema = z.object({
  graphs: z.record(
    z.string(),
    z.object({
      project: z.string(),
      nodes: z.array(node),
      selectors: z.record(z.string(), z.unknown()),
    }),
  ),
  cases: z.array(
    z.object({
      id: z.string(),
      graph: z.string(),
      command: z.enum(['select', 'method', 'ls', 'run', 'test', 'build']),
      select: z.array(z.string()),
      exclude: z.array(z.string()),
      selector: z.string().nullable(),
      indirect_selection: z.enum(indirectModes),
      resource_types: z.array(z.string()).nullable(),
      expected: z.array(z.string()),
    }),
  ),
  parse_cases: z.array(
    z.object({
      spec: z.string(),
      parents: z.boolean(),
      parents_depth: z.number().nullable(),
      children: z.boolean(),
      children_depth: z.number().nullable(),
      method: z.string(),
      value: z.string(),
      childrens_parents: z.boolean(),
    }),
  ),
  invalid_specs: z.array(z.object({ spec: z.string(), error: z.string() })),
  circular_selectors: z.object({ graph: z.string(), select: z.array(z.string()) }),
});

const path = join(packageRoot(), 'tests/fixtures/selection-cases.json');
const data = casesSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
type Case = (typeof data.cases)[number];

function projectOf(graph: string, indirect: Case['indirect_selection']): SelectionProject {
  const found = data.graphs[graph];
  assert.ok(found);
  const nodes = new Map(found.nodes.map((given) => [given.id, selectable(given)]));
  const definitions = Object.entries(found.selectors).map(([name, definition]) => ({
    name,
    definition,
  }));
  // YAML reads JSON.
  const file = parseSelectorsFile(JSON.stringify({ selectors: definitions }), {
    vars: {},
    env: {},
  });
  return {
    projectName: found.project,
    nodes,
    edges: edgesBetween(nodes),
    selectors: parseSelectors(file, indirect),
  };
}

function selectable(given: z.infer<typeof node>): Selectable {
  return {
    uniqueId: given.id,
    resourceType: given.type,
    name: given.name,
    packageName: given.package,
    fqn: given.fqn,
    path: given.path,
    patchPath: given.patch_path,
    tags: given.tags,
    config: given.config,
    dependsOn: given.depends_on,
    group: given.group,
    sourceName: given.source_name,
    version: given.version,
    latestVersion: given.latest_version,
    testType: given.test_type === 'unit' ? undefined : given.test_type,
    testName: given.test_type === 'generic' ? given.test_name : undefined,
  };
}

/** What each command works on, of what is selected. */
const kinds: Readonly<Record<'run' | 'test' | 'build', readonly string[]>> = {
  run: ['model'],
  test: ['test', 'unit_test'],
  build: ['model', 'seed', 'snapshot', 'test', 'unit_test'],
};

function answer(given: Case): string[] {
  const project = projectOf(given.graph, given.indirect_selection);
  if (given.command === 'method') {
    const [text = ''] = given.select;
    return [...matchCriterion(project, parseCriterion(text, 'empty'))].sort();
  }
  const { nodes } = selectNodes(project, {
    select: given.select,
    exclude: given.exclude,
    selector: given.selector ?? undefined,
    indirect: given.indirect_selection,
  });
  return [...nodes].filter((id) => isWorkedOn(project.nodes.get(id), given)).sort();
}

function isWorkedOn(found: Selectable | undefined, given: Case): boolean {
  if (found === undefined) return false;
  const types = given.resource_types;
  if (types !== null && !types.includes(found.resourceType)) return false;
  if (given.command === 'select' || given.command === 'method' || given.command === 'ls') {
    return true;
  }
  if (found.config['materialized'] === 'ephemeral') return false;
  return kinds[given.command].includes(found.resourceType);
}

describe('runner/graph conformance', () => {
  it('has all cases of the file', () => {
    assert.equal(data.cases.length, 112);
    assert.equal(data.parse_cases.length, 19);
  });

  for (const given of data.cases) {
    const words = [
      given.selector === null ? '' : `--selector ${given.selector}`,
      given.select.length === 0 ? '' : `--select ${given.select.join(' | ')}`,
      given.exclude.length === 0 ? '' : `--exclude ${given.exclude.join(' | ')}`,
      given.indirect_selection === 'eager' ? '' : given.indirect_selection,
    ];
    it(`${given.id}: ${given.command} ${words.filter(Boolean).join(' ')}`, () => {
      assert.deepEqual(answer(given), [...given.expected].sort());
    });
  }

  for (const given of data.parse_cases) {
    it(`reads \`${given.spec}\``, () => {
      const depth = (isOn: boolean, generations: number | null): number =>
        isOn ? (generations ?? Number.POSITIVE_INFINITY) : 0;
      const { method, value, parents, children, childrensParents } = parseCriterion(
        given.spec,
        'eager',
      );
      assert.deepEqual(
        { method, value, parents, children, childrensParents },
        {
          method: given.method,
          value: given.value,
          parents: depth(given.parents, given.parents_depth),
          children: depth(given.children, given.children_depth),
          childrensParents: given.childrens_parents,
        },
      );
    });
  }

  for (const { spec } of data.invalid_specs) {
    it(`refuses \`${spec}\``, () => {
      const project = projectOf('manifest', 'eager');
      assert.throws(() => selectNodes(project, { select: [spec], exclude: [] }), {
        name: 'UserError',
      });
    });
  }

  it('refuses selectors in a circle, and names it', () => {
    const { graph, select } = data.circular_selectors;
    assert.throws(() => selectNodes(projectOf(graph, 'eager'), { select, exclude: [] }), {
      name: 'UserError',
      message:
        'selectors name each other in a circle: circular_dependency_selector -> circular_selection_hop -> circular_dependency_selector',
    });
  });
});
