// A program: parses and compiles generated projects of two sizes and prints how often each function of
// ours was called for each. V8 counts, so that nothing in the code has to.

import { Session } from 'node:inspector';
import { generateProject } from '../../bench/generate-project.ts';
import { packageRoot } from '../../core/package-root.ts';
import { selectNodes } from '../../runner/graph/select.ts';
import { compileFiles, parseFiles } from './project.ts';
import { selectionOf } from './selection.ts';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number; readonly startOffset: number }[];
    }[];
  }[];
}

const session = new Session();
session.connect();

function ask(method: string, params: object = {}): unknown {
  let answer: unknown;
  // Answered before `post` returns: the session is that of this thread.
  session.post(method, params, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  return answer;
}

function loadProject(nodes: number): void {
  const files = Object.fromEntries(
    generateProject({ nodes, seed: 1 }).map((file) => [file.path, file.text]),
  );
  const project = selectionOf(parseFiles(files), compileFiles(files));
  selectNodes(project, { select: ['+tag:mart'], exclude: [] });
}

/** Calls by function since this was asked last. */
function takeCounts(): Record<string, number> {
  const { result } = ask('Profiler.takePreciseCoverage') as Coverage; // V8 answers in this shape
  const counts: Record<string, number> = {};
  for (const { url, functions } of result) {
    const path = url.split(`${packageRoot()}/`)[1];
    if (path === undefined || !/^(core|runner)\//.test(path)) continue;
    for (const { functionName, ranges } of functions) {
      const [range] = ranges;
      if (range === undefined) continue;
      counts[`${path} ${functionName || 'a function'} @${range.startOffset}`] = range.count;
    }
  }
  return counts;
}

ask('Profiler.enable');
ask('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
const sizes = process.argv.slice(2).map(Number);
const counted = sizes.map((nodes) => {
  takeCounts();
  loadProject(nodes);
  return takeCounts();
});
process.stdout.write(JSON.stringify(counted));
