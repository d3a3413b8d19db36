// The nodes that are entries of property files: exposures, unit tests, the semantic layer.

import type { ParsedSemantic, ParsedUnitTest } from '../project/types.ts';
import { type CapturedRead, captureNode } from './capture.ts';
import { readFaults } from './check-access.ts';
import { collectFaults } from './collect-faults.ts';
import { type Describer, type NodeParts, nodesOfReads } from './describe-node.ts';
import type { NodeId } from './types.ts';

/** Returns the exposures of a project. */
export function describeExposures(describer: Describer): readonly NodeParts[] {
  return describer.parsed.exposures.map((exposure) => {
    const { packageName, name, path } = exposure;
    const calls = exposure.dependsOn.map(({ call }) => call);
    const from = { name, packageName, path, layers: exposure.layers };
    const reads = exposure.dependsOn.flatMap(({ call, place }) =>
      readsOf(describer, from, [call]).map((read) => ({ ...read, place })),
    );
    const reader = { name, packageName, group: undefined };
    describer.faults.push(...readFaults(describer.parsed, describer.resolver, reader, reads));
    const metrics = calls.flatMap((call) => {
      const metric = /^metric\(\s*['"]([^'"]+)['"]\s*\)$/.exec(call)?.[1];
      return metric === undefined ? [] : [`metric.${packageName}.${metric}`];
    });
    return {
      type: 'exposure',
      uniqueId: `exposure.${packageName}.${name}`,
      parsed: exposure,
      reads,
      dependsOn: [...nodesOfReads(describer, packageName, reads), ...metrics].sort(),
    };
  });
}

/** Returns the unit tests of a project, one for each version of a model that has several. */
export function describeUnitTests(describer: Describer): readonly NodeParts[] {
  return describer.parsed.unitTests.flatMap((test) => {
    const base = `unit_test.${test.packageName}.${test.model}.${test.name}`;
    return testedModels(describer, test).map(({ uniqueId, version }): NodeParts => {
      const suffix = version === undefined ? '' : `_v${version}`;
      return {
        type: 'unit_test',
        uniqueId: `${base}${suffix}`,
        parsed: test,
        dependsOn: [uniqueId],
      };
    });
  });
}

function testedModels({ resolver }: Describer, test: ParsedUnitTest) {
  const { include, exclude } = test.versions;
  const has = (list: readonly (string | number)[], version: string | number): boolean =>
    list.some((one) => String(one) === String(version));
  const named = resolver.models.filter(({ parsed }) => parsed.name === test.model);
  const own = named.filter(({ parsed }) => parsed.packageName === test.packageName);
  return (own.length > 0 ? own : named)
    .filter(({ parsed: { version } }) => {
      if (version === undefined) return true;
      if (exclude !== undefined) return !has(exclude, version);
      return include === undefined || has(include, version);
    })
    .map(({ uniqueId, parsed: { version } }) => ({ uniqueId, version }));
}

/** Returns the semantic models, metrics and saved queries of a project. */
export function describeSemantic(describer: Describer): readonly NodeParts[] {
  const { semantic } = describer.parsed;
  const measures = measuresOf(semantic);
  return semantic.map((node): NodeParts => {
    const type = typesOf[node.kind];
    const { packageName, name } = node;
    const uniqueId = `${type}.${packageName}.${name}`;
    if (node.kind === 'semantic-model') {
      const reads = readsOf(describer, node, [String(node.entry['model'] ?? '')]);
      const dependsOn = nodesOfReads(describer, packageName, reads);
      return { type, uniqueId, parsed: node, reads, dependsOn };
    }
    const names = namesIn(node.entry);
    const parents = semantic.filter(
      (other) => other !== node && other.kind === 'metric' && names.has(other.name),
    );
    const models = node.kind === 'metric' ? [...names].flatMap((it) => measures.get(it) ?? []) : [];
    const ids = [...parents.map((it) => `metric.${it.packageName}.${it.name}`), ...models];
    return { type, uniqueId, parsed: node, dependsOn: [...new Set(ids)].sort() };
  });
}

const typesOf = {
  'semantic-model': 'semantic_model',
  metric: 'metric',
  'saved-query': 'saved_query',
} as const;

/** The semantic models by the measures that they have. */
function measuresOf(semantic: readonly ParsedSemantic[]): ReadonlyMap<string, NodeId[]> {
  const found = new Map<string, NodeId[]>();
  for (const node of semantic) {
    const measures = node.kind === 'semantic-model' ? node.entry['measures'] : undefined;
    for (const measure of Array.isArray(measures) ? measures : []) {
      const name = String(Reflect.get(Object(measure), 'name'));
      const id = `semantic_model.${node.packageName}.${node.name}`;
      found.set(name, [...(found.get(name) ?? []), id]);
    }
  }
  return found;
}

/** Every text below the parameters of a metric or saved query: names of metrics and measures are among them. */
function namesIn(entry: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') found.add(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(entry['type_params']);
  visit(entry['query_params']);
  return found;
}

/** The refs and sources of calls that stand in YAML. */
function readsOf(
  { resolver, faults }: Describer,
  from: Pick<ParsedSemantic, 'name' | 'packageName' | 'path' | 'layers'>,
  calls: readonly string[],
): readonly CapturedRead[] {
  const texts = calls.filter((call) => /^(ref|source)\s*\(/.test(call.trim()));
  if (texts.length === 0) return [];
  const captured = collectFaults(faults, () =>
    captureNode(resolver.facts, {
      kind: 'analysis',
      name: from.name,
      packageName: from.packageName,
      path: from.path,
      fqn: [from.packageName, from.name],
      properties: undefined,
      layers: from.layers,
      rawSql: texts.map((text) => `{{ ${text} }}`).join(' '),
    }),
  );
  return captured.flatMap(({ reads }) => reads);
}
