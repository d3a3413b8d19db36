// Ephemeral models: their SQL goes into whatever reads them, as the CTEs that dbt writes.

import { placeAt, type Rendered, type SourceMark } from '../../core/template/source-map.ts';
import type { ResolvedModel } from './resolve.ts';

/** dbt's name of the CTE that stands for an ephemeral model. */
export function cteName(model: ResolvedModel): string {
  return `__dbt__cte__${(model.written ?? model.relation).identifier}`;
}

/** SQL as rendered, and the ephemeral models that it reads, in the order in which it names them. */
export interface BodySql {
  readonly rendered: Rendered;
  readonly ephemeral: readonly ResolvedModel[];
}

/**
 * Puts the CTEs of ephemeral models before a query, each after those that it reads and each once.
 * `bodyOf` compiles one of them.
 */
export function withCtes(
  { rendered, ephemeral }: BodySql,
  bodyOf: (model: ResolvedModel) => BodySql,
): Rendered {
  if (ephemeral.length === 0) return rendered;
  const ctes = new Map<ResolvedModel, Rendered>();
  const open = new Set<ResolvedModel>();
  const add = (model: ResolvedModel): void => {
    // A circle is told when the graph is made.
    if (ctes.has(model) || open.has(model)) return;
    open.add(model);
    const body = bodyOf(model);
    for (const inner of body.ephemeral) add(inner);
    ctes.set(model, body.rendered);
  };
  for (const model of ephemeral) add(model);
  const { end, isWith } = leadingWith(rendered.text);
  const parts: Rendered[] = [isWith ? slice(rendered, 0, end) : ours('with', rendered)];
  for (const [model, body] of ctes) {
    const comma = parts.length > 1 ? ',' : '';
    parts.push(ours(`${comma} ${cteName(model)} as (\n`, rendered), body, ours('\n)', rendered));
  }
  parts.push(ours(isWith ? ', ' : ' ', rendered), slice(rendered, isWith ? end : 0));
  return join(parts);
}

const BLANKS = /(?:\s+|--[^\n]*(?:\n|$))+/y;
const WITH = /with\b(?:\s+recursive\b)?/iy;

/** Where the `with` ends that the query begins with, after blanks and comments. */
function leadingWith(sql: string): { readonly end: number; readonly isWith: boolean } {
  let at = 0;
  for (;;) {
    BLANKS.lastIndex = at;
    if (BLANKS.test(sql)) at = BLANKS.lastIndex;
    if (!sql.startsWith('/*', at)) break;
    at = commentEnd(sql, at);
  }
  WITH.lastIndex = at;
  return WITH.test(sql) ? { end: WITH.lastIndex, isWith: true } : { end: 0, isWith: false };
}

/** Comments nest in PostgreSQL. */
function commentEnd(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at += 1) {
    if (sql.startsWith('/*', at)) {
      depth += 1;
      at += 1;
    } else if (sql.startsWith('*/', at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}

/** Text of the compiler's own: an error in it is told where the query begins. */
function ours(text: string, of: Rendered): Rendered {
  const [first] = of.map;
  return { text, map: first === undefined ? [] : [{ ...first, offset: 0, kind: 'value' }] };
}

function slice(rendered: Rendered, start: number, end = rendered.text.length): Rendered {
  const text = rendered.text.slice(start, end);
  const place = placeAt(rendered, start);
  const kind = rendered.map.findLast((mark) => mark.offset <= start)?.kind ?? 'text';
  const first: SourceMark[] =
    place?.line === undefined || place.column === undefined
      ? []
      : [{ offset: 0, path: place.path, line: place.line, column: place.column, kind }];
  const rest = rendered.map
    .filter((mark) => mark.offset > start && mark.offset < end)
    .map((mark) => ({ ...mark, offset: mark.offset - start }));
  return { text, map: [...first, ...rest] };
}

function join(parts: readonly Rendered[]): Rendered {
  let text = '';
  const map: SourceMark[] = [];
  for (const part of parts) {
    for (const mark of part.map) map.push({ ...mark, offset: mark.offset + text.length });
    text += part.text;
  }
  return { text, map };
}
