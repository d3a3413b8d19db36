// What a loaded project says of itself, made once for all that ask.

import { describeProject } from '../compile/describe-project.ts';
import type { DescribedProject } from '../compile/described.ts';
import { readOptionalText } from '../project/read-files.ts';
import { parseSelectorsFile, type SelectorsFile } from '../project/selectors-file.ts';
import type { LoadedProject } from './load-project.ts';

const described = new WeakMap<LoadedProject['manifest'], DescribedProject>();

/** Describes the whole project, kinds of node among it that no run builds. */
export function describedProject(project: LoadedProject): DescribedProject {
  const known = described.get(project.manifest);
  if (known !== undefined) return known;
  const made = describeProject(project.parsed, project);
  described.set(project.manifest, made);
  return made;
}

/** Reads selectors.yml; undefined where the project has none. */
export function readSelectors({ projectDir, inputs }: LoadedProject): SelectorsFile | undefined {
  const text = readOptionalText(projectDir, 'selectors.yml');
  if (text === undefined) return undefined;
  const { env, vars } = inputs;
  return parseSelectorsFile(text, { env, vars, target: { ...inputs.target } });
}
