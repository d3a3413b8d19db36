// show: the rows of a model, a test or an inline query, read and nothing else.

import { readFile } from 'node:fs/promises';
import { openDatabase } from '../../core/database.ts';
import { UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { withTarget } from '../../core/target.ts';
import { attemptInline } from '../compile/compile-inline.ts';
import { isSqlNode } from '../compile/types.ts';
import { readRows } from '../execute/read-rows.ts';
import { formatRows, type RowsFormat } from '../report/rows.ts';
import { answerUntilDone } from './answer-questions.ts';
import { type Deferring, deferReads } from './defer.ts';
import { compileLate, findNode, type LoadedProject, loadProject } from './load-project.ts';
import type { CommonOptions } from './types.ts';

/** Options of show; one of `name`, `inline`, `inlineFile` is given. */
export interface ShowOptions extends CommonOptions, Deferring {
  readonly name: string | undefined;
  /** A query that may hold templates. */
  readonly inline: string | undefined;
  /** A file that holds such a query. */
  readonly inlineFile: string | undefined;
  /** Rows at most; -1 for all. */
  readonly limit: number;
  readonly output: RowsFormat;
}

/** Prints rows on stdout. */
export async function show(context: ProgramContext, options: ShowOptions): Promise<ExitCode> {
  const loaded = await loadProject(context, options, { WHICH: 'show' });
  const project = await deferReads(context, loaded, options, new Set());
  const query = await queryOf(context, project, options);
  return withTarget<ExitCode>(project.request, async (target) => {
    const database = openDatabase(target.connection, {
      applicationName: 'fundlens:runner:show',
      maxClients: 1,
      signal: context.signal,
    });
    try {
      const rows = await database.withClient((client) =>
        readRows(client, { ...query, limit: options.limit, asJson: options.output === 'json' }),
      );
      context.reporter.data(formatRows(rows, options.output));
      return 0;
    } finally {
      await database.close();
    }
  });
}

async function queryOf(context: ProgramContext, project: LoadedProject, options: ShowOptions) {
  const given = [options.name, options.inline, options.inlineFile].filter((it) => it !== undefined);
  if (given.length !== 1) {
    throw new UserError('show takes one model or test, or a query', {
      hint: 'runner show committee_summary, or runner show --inline "select …"',
    });
  }
  if (options.name !== undefined) {
    const { uniqueId } = findNode(project.manifest, options.name);
    const compiled = await compileLate(context, project, new Set([uniqueId]));
    const node = findNode(compiled.manifest, uniqueId);
    if (node.kind === 'unit-test') {
      throw new UserError('a unit test has no rows to show', {
        hint: `run it with \`runner test --select ${node.name}\``,
      });
    }
    if (isSqlNode(node)) {
      return { sql: node.compiledSql, sqlMap: node.sqlMap, path: node.path };
    }
    const { schema, identifier } = node.relation;
    return { sql: `select * from "${schema}"."${identifier}"`, sqlMap: [], path: node.path };
  }
  const path = options.inlineFile ?? '--inline';
  const text = options.inline ?? (await readInlineFile(path));
  const compiled = await answerUntilDone(context, project.request, (answers) =>
    attemptInline(project.resolver, { path, text }, answers),
  );
  return { sql: compiled.text, sqlMap: compiled.map, path };
}

async function readInlineFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError('the file cannot be read', { where: { path }, cause: error });
  }
}
