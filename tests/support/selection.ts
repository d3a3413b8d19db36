// What a selection is evaluated against, for projects written in a test.

import { type CompiledProject, compileProject } from '../../runner/compile/compile-project.ts';
import { describeProject } from '../../runner/compile/describe-project.ts';
import type { CompileInputs } from '../../runner/compile/inputs.ts';
import { parseSelectors } from '../../runner/graph/parse-selectors.ts';
import { edgesBetween, selectablesOf } from '../../runner/graph/selectables.ts';
import type { SelectionProject } from '../../runner/graph/types.ts';
import { parseSelectorsFile } from '../../runner/project/selectors-file.ts';
import type { ParsedProject } from '../../runner/project/types.ts';
import { manifestArtifact } from '../../runner/report/manifest-artifact.ts';
import type { ManifestArtifact } from '../../runner/report/manifest-types.ts';
import { type Files, parseFiles, testInputs } from './project.ts';

/** Makes it for a compiled project; `selectors` is the text of selectors.yml. */
export function selectionOf(
  parsed: ParsedProject,
  compiled: CompiledProject,
  selectors = 'selectors: []',
): SelectionProject {
  const nodes = selectablesOf(describeProject(parsed, compiled).nodes);
  const file = parseSelectorsFile(selectors, { vars: {}, env: {} });
  return {
    projectName: parsed.file.name,
    nodes,
    edges: edgesBetween(nodes),
    selectors: parseSelectors(file, 'eager'),
  };
}

/** A project compiled, with what selections and artifacts are made from. */
export interface Described {
  readonly selection: SelectionProject;
  /** manifest.json as a reader has it; `seeds` are the fingerprints of its seed files by name. */
  manifest(seeds?: Readonly<Record<string, string>>): ManifestArtifact;
}

/** Compiles and describes a project; `inputs` as of `compileFiles`. */
export function describeFiles(files: Files, given: Partial<CompileInputs> = {}): Described {
  const parsed = parseFiles(files, given);
  const compiled = compileProject(parsed, { ...testInputs, ...given });
  const described = describeProject(parsed, compiled);
  return {
    selection: selectionOf(parsed, compiled, files['selectors.yml']),
    manifest: (seeds = {}) => {
      const checksums = Object.entries(seeds).map(
        ([name, checksum]) => [`seed.shop.${name}`, { name: 'sha256', checksum }] as const,
      );
      const artifact = manifestArtifact({
        parsed,
        described,
        facts: {
          invocationId: testInputs.invocationId,
          programVersion: '0.1.0',
          generatedAt: testInputs.runStartedAt,
          projectName: 'shop',
          databaseName: 'db',
          command: 'compile',
        },
        selectors: {},
        seedChecksums: new Map(checksums),
        compiledPath: (id) => `target/compiled/${id}.sql`,
      });
      return JSON.parse(JSON.stringify(artifact)) as ManifestArtifact;
    },
  };
}
