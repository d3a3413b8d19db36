// parse: reads the project, finds every fault, writes manifest.json; needs no database.

import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { describedProject } from './describe-loaded.ts';
import { loadProject } from './load-project.ts';
import type { CommonOptions } from './types.ts';
import { writeManifest } from './write-artifacts.ts';

/** Parses a project and says what it holds. */
export async function parse(context: ProgramContext, options: CommonOptions): Promise<ExitCode> {
  const project = await loadProject(context, options, { WHICH: 'parse' });
  const path = await writeManifest(project, options);
  const counts = new Map<string, number>();
  for (const { resourceType } of describedProject(project).nodes.values()) {
    counts.set(resourceType, (counts.get(resourceType) ?? 0) + 1);
  }
  const held = [...counts].map(
    ([type, count]) => `${count} ${type.replace('_', ' ')}${count === 1 ? '' : 's'}`,
  );
  context.reporter.info(`wrote ${path}: ${held.join(', ')}`);
  return 0;
}
