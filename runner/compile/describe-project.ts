// A compiled project -> everything in it as artifacts and selections show it.

import { throwFaults, type UserError } from '../../core/errors.ts';
import { findBlocks } from '../../core/template/macro-file.ts';
import { parseTemplate } from '../../core/template/parse.ts';
import type { MacroFile, ParsedProject } from '../project/types.ts';
import { captureNode } from './capture.ts';
import { collectFaults } from './collect-faults.ts';
import { genericTestId } from './compile-generic-test.ts';
import type { CompiledProject } from './compile-project.ts';
import { describeExposures, describeSemantic, describeUnitTests } from './describe-entries.ts';
import { type Describer, describeNode, type NodeParts, nodesOfReads } from './describe-node.ts';
import type { DescribedMacro, DescribedProject } from './described.ts';
import { macroUses } from './macro-uses.ts';
import { captureKey, type Resolver } from './resolve.ts';

/**
 * Describes a project. What is costly and seldom asked for, such as configs and macros, is made when
 * it is first read.
 * @throws {UserErrors} for faults of the kinds that are not compiled.
 */
export function describeProject(
  parsed: ParsedProject,
  { manifest, resolver }: CompiledProject,
): DescribedProject {
  const faults: UserError[] = [];
  const describer: Describer = { parsed, resolver, nodes: manifest.nodes, faults };
  const parts = [
    ...builtParts(parsed, resolver),
    ...testParts(parsed, resolver),
    ...uncompiledParts(describer),
    ...describeExposures(describer),
    ...describeUnitTests(describer),
    ...describeSemantic(describer),
  ];
  const nodes = parts
    .map((one) => describeNode(describer, one))
    .filter((node) => node !== undefined)
    .sort((a, b) => (a.uniqueId < b.uniqueId ? -1 : 1));
  throwFaults(faults);
  return {
    nodes: new Map(nodes.map((node) => [node.uniqueId, node])),
    get macros() {
      return describeMacros(parsed.macroFiles, resolver);
    },
  };
}

/** Models, seeds and sources. */
function builtParts(parsed: ParsedProject, resolver: Resolver): readonly NodeParts[] {
  return [
    ...resolver.models.map(
      ({ parsed: model, uniqueId, captured, config, relation }): NodeParts => ({
        type: 'model',
        uniqueId,
        parsed: model,
        layers: [...model.layers, captured.layer],
        config: () => config,
        reads: captured.reads,
        tree: () => captured.template.root,
        relation,
      }),
    ),
    ...parsed.seeds.map(
      (seed): NodeParts => ({
        type: 'seed',
        uniqueId: `seed.${seed.packageName}.${seed.name}`,
        parsed: seed,
      }),
    ),
    ...parsed.sources.map(
      (source): NodeParts => ({
        type: 'source',
        uniqueId: `source.${source.packageName}.${source.sourceName}.${source.name}`,
        parsed: source,
      }),
    ),
  ];
}

function testParts(parsed: ParsedProject, resolver: Resolver): readonly NodeParts[] {
  return [
    ...parsed.singularTests.map((test): NodeParts => {
      const captured = resolver.captured.get(captureKey(test));
      return {
        type: 'test',
        uniqueId: `test.${test.packageName}.${test.name}`,
        parsed: test,
        layers: [...test.layers, ...(captured ? [captured.layer] : [])],
        reads: captured?.reads ?? [],
        tree: () => captured?.template.root,
      };
    }),
    ...parsed.genericTests.map((test): NodeParts => {
      const text = `{{ test_${test.testName.split('.').at(-1)}(model=get_where_subquery(x)) }}`;
      return {
        type: 'test',
        uniqueId: genericTestId(test),
        parsed: test,
        tree: () => parseTemplate({ path: test.path, text }).root,
      };
    }),
  ];
}

/** Snapshots and analyses: their templates say what they read. */
function uncompiledParts(describer: Describer): readonly NodeParts[] {
  const { parsed, resolver, faults } = describer;
  return [...parsed.snapshots, ...parsed.analyses].flatMap((node): NodeParts[] => {
    const [captured] = collectFaults(faults, () => captureNode(resolver.facts, node));
    if (captured === undefined) return [];
    return [
      {
        type: node.kind,
        uniqueId: `${node.kind}.${node.packageName}.${node.name}`,
        parsed: node,
        layers: [...node.layers, captured.layer],
        reads: captured.reads,
        tree: () => captured.template.root,
        dependsOn: nodesOfReads(describer, node.packageName, captured.reads),
      },
    ];
  });
}

function describeMacros(
  files: readonly MacroFile[],
  { facts: { macros: library } }: Resolver,
): readonly DescribedMacro[] {
  return files.flatMap((file) =>
    findBlocks(file)
      .filter((block) => block.kind === 'macro' || block.kind === 'test')
      .map((block): DescribedMacro => {
        const name = block.kind === 'test' ? `test_${block.name}` : block.name;
        const { macro } = library.packages.get(file.packageName)?.get(name) ?? {};
        return {
          uniqueId: `macro.${file.packageName}.${name}`,
          name,
          packageName: file.packageName,
          path: file.path,
          text: file.text.replace(/\r\n?/g, '\n').slice(block.start, block.end),
          macros: macroUses(macro, file.packageName, library),
        };
      }),
  );
}
