// manifest.json of a loaded project, with the fingerprints of its seed files.

import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readVersion } from '../../core/version.ts';
import type { CompileInputs } from '../compile/inputs.ts';
import { maskSecrets } from '../compile/project-functions.ts';
import type { InvocationFacts } from '../report/artifact-metadata.ts';
import { compiledPath } from '../report/artifacts.ts';
import { manifestArtifact } from '../report/manifest-artifact.ts';
import type { ManifestArtifact } from '../report/manifest-types.ts';
import { describedProject, readSelectors } from './describe-loaded.ts';
import type { LoadedProject } from './load-project.ts';
import type { CommonOptions, SelectionOptions } from './types.ts';

/** Makes the manifest of a project; seed files are read for it. */
export function manifestOf(project: LoadedProject, options: CommonOptions): ManifestArtifact {
  const { parsed, manifest } = project;
  const selectors = readSelectors(project)?.selectors ?? [];
  return manifestArtifact({
    parsed,
    described: describedProject(project),
    facts: factsOf(project, options),
    selectors: Object.fromEntries(selectors.map(({ name, definition }) => [name, definition])),
    seedChecksums: seedChecksums(project),
    compiledPath: (id) => join(project.file.paths.target, compiledPath(manifest, id)),
  });
}

/** The facts of an invocation that stand in its artifacts. */
export function factsOf(project: LoadedProject, options: CommonOptions): InvocationFacts {
  return {
    invocationId: project.inputs.invocationId,
    programVersion: readVersion(),
    generatedAt: project.inputs.runStartedAt,
    projectName: project.file.name,
    databaseName: project.inputs.target.database,
    command: options.commandLine,
    args: argsOf(options, project.inputs),
  };
}

/** What `retry` takes up, under dbt's names; flags that were not given are left out. */
function argsOf(options: CommonOptions & Partial<SelectionOptions>, { env, vars }: CompileInputs) {
  const { defer, eventTime } = options;
  const given: Readonly<Record<string, unknown>> = {
    full_refresh: options.fullRefresh === true ? true : undefined,
    vars: options.varsText === undefined ? undefined : vars,
    profile: options.profile,
    target: options.target,
    store_failures: options.storeFailures,
    state: options.state,
    defer: defer?.isOn === true ? true : undefined,
    defer_state: defer?.state,
    favor_state: defer?.favorState === true ? true : undefined,
    event_time_start: eventTime?.start,
    event_time_end: eventTime?.end,
  };
  const args: unknown = JSON.parse(maskSecrets(JSON.stringify(given), env));
  return { ...Object(args) } as Readonly<Record<string, unknown>>;
}

/** A larger file is known by its path alone, as in dbt, where the limit is 1 MiB. */
const maxSeedBytes = 64 * 1024 * 1024;

function seedChecksums({ parsed, projectDir }: LoadedProject) {
  return new Map(
    parsed.seeds.map((seed) => {
      const id = `seed.${seed.packageName}.${seed.name}`;
      const path = join(projectDir, seed.path);
      if (statSync(path).size > maxSeedBytes) return [id, { name: 'path', checksum: seed.path }];
      const checksum = createHash('sha256').update(readFileSync(path)).digest('hex');
      return [id, { name: 'sha256', checksum }];
    }),
  );
}
