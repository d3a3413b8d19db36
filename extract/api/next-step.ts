// What follows a page: another page, another part, or the end. Pure: it decides on what was counted.

import { UserError } from '../../core/errors.ts';
import type { ApiDataset } from '../datasets/api-types.ts';
import type { Cursor, Page, Part } from './types.ts';

/** Where the walk through a scope stands. */
export interface Walk {
  /** The first is under way. */
  readonly parts: readonly Part[];
  /** Parts that were walked to their end, with as many rows as the API counts in them. */
  readonly proven: readonly Part[];
  /** How the first part goes on; null at its beginning. */
  readonly cursor: Cursor | null;
  /** Different rows seen in the first part so far. */
  readonly partRows: number;
  /** Rows of the first part as the API counts them, exactly; null where it does not say. */
  readonly expected: number | null;
  /** True where the count of a list changed between its pages: rows may have changed places. */
  readonly drifted: boolean;
  /** How often the first part has been walked through already. */
  readonly passes: number;
}

/** What the database says of a page when it is stored. */
export interface PageEffect {
  /** Rows of it that were not seen before in this window. */
  readonly newlySeen: number;
  /** Rows of it that are new to Bronze, or otherwise than there. */
  readonly changed: number;
  /** Live rows in Bronze of the whole part; undefined where they were not counted. */
  readonly partRowsInBronze: number | undefined;
}

/** Why a part ended, for the log. */
export type PartEnd = 'unchanged' | 'walked' | 'drifted';

/** The walk after a page. */
export interface Step {
  readonly walk: Walk;
  /** Undefined while the part goes on. */
  readonly ended: PartEnd | undefined;
}

/** Raised where an answer sends the walk in a circle. */
export class StuckCursorError extends UserError {
  override readonly name = 'StuckCursorError';

  constructor() {
    super('the answer gives back the cursor that it was asked with', {
      exitCode: 1,
      hint: 'run `extract retry` later; if it stays so, the API has changed: please report it',
    });
  }
}

/** The parameter with which the rows that have no value to sort by are asked for. */
const nullOnly = 'sort_null_only';

/**
 * Decides what follows a page of the first part.
 * @throws {StuckCursorError} where the page gives the cursor back that it was asked with.
 */
export function nextStep(dataset: ApiDataset, walk: Walk, page: Page, effect: PageEffect): Step {
  const partRows = walk.partRows + effect.newlySeen;
  if (isUnchanged(walk, page, effect)) return endPart(walk, 'unchanged');
  const expected = expectedRows(walk, page);
  const hasMoved = walk.expected !== null && expected !== walk.expected;
  const drifted = walk.drifted || (hasMoved && dataset.paging.kind === 'page');
  const at: Walk = { ...walk, partRows, expected, drifted };
  const cursor =
    dataset.paging.kind === 'seek' ? nextSeekCursor(at, page) : nextPageNumber(walk, page);
  if (cursor !== undefined) return { walk: { ...at, cursor }, ended: undefined };
  const isShort = drifted || (expected !== null && partRows < expected);
  if (isShort && dataset.paging.kind === 'page' && walk.passes === 0) {
    // Once more from the first page; what was seen stays seen.
    const again = { cursor: null, expected: null, drifted: false, passes: 1 };
    return { walk: { ...at, ...again }, ended: undefined };
  }
  if (isShort) return endPart(walk, 'drifted');
  return endPart(walk, 'walked', partRows === expected ? walk.parts[0] : undefined);
}

/** Among the rows without a sort value only these are counted: the count before them stands. */
function expectedRows(walk: Walk, page: Page): number | null {
  if (walk.cursor?.[nullOnly] !== undefined) return walk.expected;
  return page.isCountExact && page.count !== undefined ? page.count : null;
}

/**
 * A first page without a change, and as many rows in Bronze as the API counts: these days are as they
 * were, for a row that is amended takes a later place on the clock. Without a clock nothing follows.
 */
function isUnchanged(walk: Walk, page: Page, effect: PageEffect): boolean {
  return (
    walk.parts[0]?.from !== undefined &&
    walk.cursor === null &&
    walk.passes === 0 &&
    page.isCountExact &&
    page.count !== undefined &&
    page.count > 0 &&
    effect.changed === 0 &&
    effect.partRowsInBronze === page.count
  );
}

function nextSeekCursor(walk: Walk, page: Page): Cursor | undefined {
  const sent = walk.cursor;
  if (page.records.length === 0 || page.lastIndexes === undefined) {
    // Rows without a sort value may lie behind the last one that has it, with no cursor leading there.
    const mayHaveMore = walk.expected === null ? sent !== null : walk.partRows < walk.expected;
    return sent?.[nullOnly] === undefined && mayHaveMore ? { [nullOnly]: 'true' } : undefined;
  }
  // Asked for rows without a sort value, and answered with others: the server does not know the question.
  if (sent?.[nullOnly] !== undefined && !page.endsWithoutSortValue) return undefined;
  const next: Cursor =
    page.endsWithoutSortValue && page.lastIndexes[nullOnly] === undefined
      ? { last_index: page.lastIndexes['last_index'] ?? '', [nullOnly]: 'true' }
      : page.lastIndexes;
  if (isSame(sent, next)) {
    throw new StuckCursorError();
  }
  return next;
}

function nextPageNumber(walk: Walk, page: Page): Cursor | undefined {
  const number = Number(walk.cursor?.['page'] ?? 1);
  if (page.records.length === 0) return undefined;
  const isLast = page.isCountExact && page.pages !== undefined && number >= page.pages;
  return isLast ? undefined : { page: String(number + 1) };
}

function endPart(walk: Walk, ended: PartEnd, proven?: Part): Step {
  return {
    walk: {
      parts: walk.parts.slice(1),
      proven: proven === undefined ? walk.proven : [...walk.proven, proven],
      cursor: null,
      partRows: 0,
      expected: null,
      drifted: false,
      passes: 0,
    },
    ended,
  };
}

function isSame(a: Cursor | null, b: Cursor): boolean {
  return (
    a !== null &&
    Object.keys(a).length === Object.keys(b).length &&
    Object.entries(b).every(([name, value]) => a[name] === value)
  );
}
