// A database error, told at the node and the line of SQL that raised it.

import { errorCode, isServerError } from '../../core/database.ts';
import { type Place, UserError } from '../../core/errors.ts';
import { TextOffsets } from '../../core/offsets.ts';
import { placeAt } from '../../core/template/source-map.ts';
import type { NodeId, SqlMap } from '../compile/types.ts';

/** An error of one node while a run goes on. */
export class ModelError extends UserError {
  override readonly name = 'ModelError';
  readonly node: NodeId;
  readonly sqlstate: string | undefined;
  /** Where the compiled SQL was written, to be run by hand. */
  readonly compiledPath: string | undefined;
  /** The line of SQL with a caret under the place, or undefined where the server names none. */
  readonly excerpt: string | undefined;

  constructor(
    message: string,
    parts: {
      readonly node: NodeId;
      readonly where?: Place | string | undefined;
      readonly hint?: string | undefined;
      readonly cause?: unknown;
      readonly sqlstate?: string | undefined;
      readonly compiledPath?: string | undefined;
      readonly excerpt?: string | undefined;
    },
  ) {
    super(message, { where: parts.where, hint: parts.hint, cause: parts.cause, exitCode: 1 });
    this.node = parts.node;
    this.sqlstate = parts.sqlstate;
    this.compiledPath = parts.compiledPath;
    this.excerpt = parts.excerpt;
  }
}

/** What tells where the SQL of an error came from. */
export interface SqlOrigin {
  readonly node: NodeId;
  /** The node's own SQL, as its compiled file has it. */
  readonly sql: string;
  readonly sqlMap: SqlMap;
  /** The file to name where the map says nothing. */
  readonly path: string;
  /** The text that was sent, where it is more than `sql`, and where in it `sql` begins. */
  readonly sent?: string | undefined;
  readonly bodyOffset?: number | undefined;
  /** The SQL that `sqlMap` maps, where `sql` differs from it inside its lines. */
  readonly mappedSql?: string | undefined;
  readonly compiledPath?: string | undefined;
}

/** Turns an error of the database into one that names node, place and line; others come back as they are. */
export function modelError(error: unknown, origin: SqlOrigin): unknown {
  if (error instanceof UserError || !isServerError(error)) return error;
  const offset = bodyPosition(Number(error.position), origin);
  const excerpt = offset === undefined ? undefined : caretExcerpt(origin.sql, offset);
  const parts = [`${error.message} (SQLSTATE ${errorCode(error) ?? 'unknown'})`];
  if (error.detail) parts.push(error.detail);
  // For COPY, the context is where the server names line and column of the data.
  if (error.where?.startsWith('COPY')) parts.push(error.where);
  if (excerpt) parts.push(excerpt);
  const advice = adviceFor(errorCode(error), error.message);
  const compiled = origin.compiledPath
    ? `the SQL that ran is in ${origin.compiledPath}`
    : undefined;
  return new ModelError(parts.join('\n'), {
    node: origin.node,
    where: placeOf(offset, origin),
    hint:
      [error.hint, advice, compiled].filter((part) => part !== undefined).join('; ') || undefined,
    cause: error,
    sqlstate: errorCode(error),
    compiledPath: origin.compiledPath,
    excerpt,
  });
}

/**
 * Returns the offset in the node's own SQL of a position that the server counted, from 1 and in
 * characters, in the text that was sent; undefined where it lies outside.
 */
export function bodyPosition(position: number, origin: SqlOrigin): number | undefined {
  const offset = new TextOffsets(origin.sent ?? origin.sql).ofServerPosition(position);
  if (offset === undefined) return undefined;
  const inBody = offset - (origin.bodyOffset ?? 0);
  return inBody < 0 || inBody > origin.sql.length ? undefined : inBody;
}

/** Returns the line that holds `offset`, and a caret under the place. */
export function caretExcerpt(sql: string, offset: number): string {
  const { start, line, number } = lineAt(sql, offset);
  const margin = `${number} | `;
  const before = sql.slice(start, offset);
  // Tabs stay, so that the caret stands under its place however wide a tab is shown.
  const indent = [...before].map((character) => (character === '\t' ? '\t' : ' ')).join('');
  return `${margin}${line}\n${' '.repeat(margin.length)}${indent}^`;
}

function lineAt(sql: string, offset: number): { start: number; line: string; number: number } {
  const start = sql.lastIndexOf('\n', offset - 1) + 1;
  const end = sql.indexOf('\n', offset);
  const line = sql.slice(start, end === -1 ? undefined : end);
  return { start, line, number: sql.slice(0, start).split('\n').length };
}

function placeOf(offset: number | undefined, origin: SqlOrigin): Place | string {
  if (offset === undefined) return { path: origin.path };
  const mapped = mappedOffset(offset, origin);
  const text = origin.mappedSql ?? origin.sql;
  return placeAt({ text, map: origin.sqlMap }, mapped) ?? { path: origin.path };
}

/** A test on a stage names other relations than its compiled SQL, on the same lines. */
function mappedOffset(offset: number, origin: SqlOrigin): number {
  if (origin.mappedSql === undefined || origin.mappedSql === origin.sql) return offset;
  const { start, line: sent, number } = lineAt(origin.sql, offset);
  const lines = origin.mappedSql.split('\n').slice(0, number);
  const mapped = lines.pop() ?? '';
  const above = lines.reduce((sum, text) => sum + text.length + 1, 0);
  return above + mappedColumn(offset - start, sent, mapped);
}

/** What stands before and after the relation is the same in both lines; inside it, its start counts. */
function mappedColumn(column: number, sent: string, mapped: string): number {
  const shorter = Math.min(sent.length, mapped.length);
  let before = 0;
  while (before < shorter && sent[before] === mapped[before]) before += 1;
  if (column < before) return column;
  let after = 0;
  while (after < shorter - before && sent.at(-1 - after) === mapped.at(-1 - after)) after += 1;
  const fromEnd = sent.length - column;
  return fromEnd <= after ? mapped.length - fromEnd : before;
}

/** What to do about the errors that a project's own state explains. */
function adviceFor(code: string | undefined, message: string): string | undefined {
  if (code === '42601' && message.includes('multiple commands')) {
    return 'write one statement: a model or test is one select';
  }
  if (code === '42P01' || code === '3F000') {
    return (
      'load it first if it is a source; if it is a model, build it and all it needs with ' +
      '`runner build --select +NAME`'
    );
  }
  return undefined;
}
