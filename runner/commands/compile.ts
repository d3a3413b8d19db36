// compile: the SQL that would run, in target/compiled and, for one node, on stdout.

import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { attemptInline } from '../compile/compile-inline.ts';
import { isSqlNode } from '../compile/types.ts';
import { answerUntilDone } from './answer-questions.ts';
import { selectFrom } from './choose-nodes.ts';
import { builtBy, deferReads } from './defer.ts';
import { compileLate, loadProject } from './load-project.ts';
import type { SelectionOptions } from './types.ts';
import { writeCompiled } from './write-artifacts.ts';

/** Options of compile. */
export interface CompileOptions extends SelectionOptions {
  readonly inline: string | undefined;
}

/** Compiles the selection; connects only where a template of it asks the database. */
export async function compile(context: ProgramContext, options: CompileOptions): Promise<ExitCode> {
  const first = await loadProject(context, options, { WHICH: 'compile' });
  const chosen = options.inline === undefined ? selectFrom(first, options, context) : undefined;
  const own = builtBy('build', first, chosen ?? new Set());
  const loaded = await deferReads(context, first, options, own);
  if (options.inline !== undefined) {
    const source = { path: '--inline', text: options.inline };
    const compiled = await answerUntilDone(context, loaded.request, (answers) =>
      attemptInline(loaded.resolver, source, answers),
    );
    context.reporter.result(compiled.text);
    return 0;
  }
  const selected = chosen ?? new Set();
  const project = await compileLate(context, loaded, selected);
  const written = await writeCompiled(project, options, selected);
  const models = [...selected].flatMap((id) => {
    const node = project.manifest.nodes.get(id);
    return node?.kind === 'model' ? [node] : [];
  });
  const [id = '', ...others] = selected;
  const only = others.length === 0 ? project.manifest.nodes.get(id) : models[0];
  if (isSqlNode(only) && (others.length === 0 || models.length === 1))
    context.reporter.result(only.compiledSql);
  context.reporter.info(
    `compiled ${models.length} ${models.length === 1 ? 'model' : 'models'} to ${written.shownPath('compiled')}`,
  );
  return 0;
}
