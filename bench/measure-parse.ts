// Times reading and parsing one project in this process and prints milliseconds as JSON; bench/parse.ts
// starts it in a fresh process each time, as a command is.

import { createReporter } from '../core/reporter.ts';
import { readProject } from '../runner/commands/load-project.ts';
import { openParseCache } from '../runner/commands/parse-cache.ts';
import { parseProject } from '../runner/project/parse-project.ts';
import { readFiles } from '../runner/project/read-files.ts';

const [projectDir = '.'] = process.argv.slice(2);
const context = {
  env: process.env,
  reporter: createReporter('bench', 'text', { out: process.stderr, err: process.stderr }),
  signal: new AbortController().signal,
};
const project = readProject(context, {
  projectDir,
  profilesDir: projectDir,
  profile: undefined,
  target: undefined,
  varsText: undefined,
  threads: undefined,
  commandLine: '',
});
const cpuMs = (): number => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000;
const start = cpuMs();
const files = await readFiles(projectDir, project.file.name, project.file.paths);
const read = cpuMs();
const parseCache = openParseCache(`${projectDir}/target`);
const parsed = parseProject(project.file, files, { inputs: project.yamlInputs, parseCache });
const end = cpuMs();
process.stdout.write(
  JSON.stringify({ read: read - start, parse: end - read, tests: parsed.genericTests.length }),
);
