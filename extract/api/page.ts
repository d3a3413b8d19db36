// From the text of an answer to a page, checked: what is no page of the API is no page here.

import type { ApiDataset } from '../datasets/api-types.ts';
import { isStorable, type JsonNode, parseExactJson, scalarText } from './exact-json.ts';
import type { ApiRecord, Cursor, Page } from './types.ts';

/** Raised where an answer with status 200 is not a page. */
export class NotAPageError extends Error {
  override readonly name = 'NotAPageError';
}

/**
 * Parses an answer.
 * @throws {NotAPageError} saying what it lacks.
 */
export function parsePage(dataset: ApiDataset, text: string): Page {
  const body = parseBody(text);
  const results = body.get('results');
  const pagination = body.get('pagination');
  if (results?.kind !== 'array') throw new NotAPageError('it has no list `results`');
  if (pagination?.kind !== 'object') throw new NotAPageError('it has no `pagination`');
  if (results.items.some(({ kind }) => kind !== 'object')) {
    throw new NotAPageError('a result is no object');
  }
  const members = pagination.members;
  const last = results.items.at(-1);
  const sortValue = last?.kind === 'object' ? last.members.get(dataset.paging.sort) : undefined;
  return {
    records: results.items.map((item) => readRecord(dataset, item, text)),
    count: wholeNumber(members.get('count')),
    // Older answers say nothing of it, and count exactly.
    isCountExact:
      members.get('is_count_exact')?.kind !== 'boolean' || isTrue(members.get('is_count_exact')),
    pages: wholeNumber(members.get('pages')),
    lastIndexes: readCursor(members.get('last_indexes')),
    endsWithoutSortValue: scalarText(sortValue) === undefined,
  };
}

function parseBody(text: string): ReadonlyMap<string, JsonNode> {
  let node: JsonNode;
  try {
    node = parseExactJson(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const isHtml = /^\s*<(?:!doctype|html|\?xml)/i.test(text);
    throw new NotAPageError(isHtml ? 'it is a web page' : `it is not JSON: ${reason}`, {
      cause: error,
    });
  }
  if (node.kind !== 'object') throw new NotAPageError('it is no JSON object');
  return node.members;
}

function readRecord(dataset: ApiDataset, node: JsonNode, text: string): ApiRecord {
  const json = text.slice(node.start, node.end);
  const key = node.kind === 'object' ? scalarText(node.members.get(dataset.key)) : undefined;
  const fault =
    key === undefined || key === ''
      ? `has no \`${dataset.key}\``
      : isStorable(node)
        ? undefined
        : 'holds a character or number that PostgreSQL cannot store';
  return { json, key, fault };
}

/** Takes both values of a cursor, and `sort_null_only` where rows without a sort value have begun. */
function readCursor(node: JsonNode | undefined): Cursor | undefined {
  if (node?.kind !== 'object') return undefined;
  const cursor: Record<string, string> = {};
  for (const [name, value] of node.members) {
    const text = scalarText(value);
    if (name === 'sort_null_only' || name.startsWith('last_')) {
      // The newer form says sort_null_only; the older one names the column and gives null.
      if (text !== undefined) cursor[name] = text;
      else if (name !== 'last_index') cursor['sort_null_only'] = 'true';
    }
  }
  return cursor['last_index'] === undefined ? undefined : cursor;
}

function wholeNumber(node: JsonNode | undefined): number | undefined {
  const text = scalarText(node);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function isTrue(node: JsonNode | undefined): boolean {
  return node?.kind === 'boolean' && node.value;
}
