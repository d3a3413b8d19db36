// ParsedProject -> Manifest. Pure: project and inputs decide every byte.

import { throwFaults, type UserError } from '../../core/errors.ts';
import type { ParsedProject } from '../project/types.ts';
import { type Captured, captureNode } from './capture.ts';
import { collectFaults } from './collect-faults.ts';
import { compileGenericTest } from './compile-generic-test.ts';
import { compileModel } from './compile-model.ts';
import { compileSingularTest } from './compile-singular-test.ts';
import type { CompileInputs } from './inputs.ts';
import { loadMacros } from './macro-library.ts';
import { type Resolver, resolveNodes } from './resolve.ts';
import type { Manifest, Node, Test } from './types.ts';
import { projectVars } from './vars.ts';

/** A project that is resolved and can render more text, such as an inline query. */
export interface CompiledProject {
  readonly manifest: Manifest;
  readonly resolver: Resolver;
}

/**
 * Compiles a project for a target.
 * @throws {UserErrors} with every fault of the project, in the order of their places.
 */
export function compileProject(
  parsed: ParsedProject,
  inputs: CompileInputs,
  onLog: (message: string) => void = () => undefined,
): CompiledProject {
  const faults: UserError[] = [];
  const macros = loadMacros(parsed.macroFiles, parsed.file.name, faults);
  const facts = { inputs, macros, vars: projectVars(parsed.file, inputs.vars), onLog };
  const captured = new Map<string, Captured>();
  for (const node of [...parsed.models, ...parsed.singularTests]) {
    for (const capture of collectFaults(faults, () => captureNode(facts, node))) {
      captured.set(`${node.kind}:${node.name}`, capture);
    }
  }
  throwFaults(sorted(faults));

  const resolver = resolveNodes(facts, parsed, captured, faults);
  throwFaults(sorted(faults));

  const collect = <T>(make: () => T | undefined): T[] =>
    collectFaults(faults, make).filter((made) => made !== undefined);
  const tests: Test[] = [
    ...parsed.singularTests.flatMap((test) => collect(() => compileSingularTest(resolver, test))),
    ...parsed.genericTests.flatMap((test) => collect(() => compileGenericTest(resolver, test))),
  ];
  const nodes: Node[] = [
    ...resolver.models.flatMap((model) => collect(() => compileModel(resolver, model))),
    ...resolver.seeds,
    ...resolver.sources,
    ...tests,
  ];
  throwFaults(sorted(faults));
  return { manifest: toManifest(parsed.file.name, nodes), resolver };
}

function toManifest(projectName: string, nodes: readonly Node[]): Manifest {
  const ordered = [...nodes].sort((a, b) => (a.uniqueId < b.uniqueId ? -1 : 1));
  return { projectName, nodes: new Map(ordered.map((node) => [node.uniqueId, node])) };
}

function sorted(faults: readonly UserError[]): UserError[] {
  const key = (fault: UserError): string => {
    const { where } = fault;
    if (where === undefined || typeof where === 'string') return where ?? '';
    const number = (value: number | undefined) => String(value ?? 0).padStart(8, '0');
    return `${where.path}:${number(where.line)}:${number(where.column)}`;
  };
  return [...faults].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
