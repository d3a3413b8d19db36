// Freshness of sources: the query that says when the newest rows came, and when that is too long ago.

import { UserError } from '../../core/errors.ts';
import { parseTemplate } from '../../core/template/parse.ts';
import { renderTemplate } from '../../core/template/render.ts';
import type { ParsedSource } from '../project/types.ts';
import type { Config } from './config.ts';
import { nodeContext, type ProjectFacts } from './context.ts';
import { relationValue } from './relation-value.ts';
import { scopeOf } from './scope.ts';
import { trimSql } from './trim-sql.ts';
import type { Freshness, Period } from './types.ts';

/** Returns the freshness of a source table; undefined where its config asks for none. */
export function freshnessOf(
  facts: ProjectFacts,
  source: ParsedSource,
  config: Config<'source'>,
): Freshness | undefined {
  const { freshness, loaded_at_field: field, loaded_at_query: query } = config;
  if (freshness === null || freshness === undefined) return undefined;
  const warnAfter = periodOf(freshness.warn_after);
  const errorAfter = periodOf(freshness.error_after);
  if (warnAfter === undefined && errorAfter === undefined) return undefined;
  const filter = freshness.filter ? render(facts, source, freshness.filter) : undefined;
  return { warnAfter, errorAfter, filter, sql: queryOf(facts, source, { field, query, filter }) };
}

type Given = {
  readonly count?: number | null | undefined;
  readonly period?: Period['period'] | null | undefined;
};

/** A threshold with half of it missing is none, as in dbt. */
function periodOf(given: Given | null | undefined): Period | undefined {
  const { count, period } = given ?? {};
  return count == null || period == null ? undefined : { count, period };
}

function queryOf(
  facts: ProjectFacts,
  source: ParsedSource,
  given: {
    readonly field: string | null | undefined;
    readonly query: string | null | undefined;
    readonly filter: string | undefined;
  },
): string | undefined {
  const { field, query, filter } = given;
  if (field && query) {
    throw new UserError('a source has a `loaded_at_field` or a `loaded_at_query`, not both', {
      where: source.place,
      hint: 'remove one of them',
    });
  }
  // One column, whatever it is called; a moment without a zone is taken for UTC.
  const newest = query
    ? `select * from (\n${render(facts, source, query)}\n) as loaded`
    : field &&
      `select max(${field}\n) from ${relationText(facts, source)}${filter ? `\nwhere ${filter}` : ''}`;
  if (!newest) return undefined;
  return `select ${isoText('loaded_at')} as max_loaded_at, ${isoText('now()')} as snapshotted_at,
  extract(epoch from now() - loaded_at)::float8 as age_s
from (
select coalesce(newest.loaded_at::timestamptz, timestamptz '0001-01-01 00:00:00+00') as loaded_at
from (\n${newest}\n) as newest (loaded_at)\n) as loaded`;
}

/** A source without rows has last been loaded in the year 1, as in dbt. */
function isoText(moment: string): string {
  return `to_char(${moment} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')`;
}

function relationText(facts: ProjectFacts, { schema, identifier }: ParsedSource): string {
  return relationValue(facts.inputs.target.database, { schema, identifier }).toText();
}

/** `this` is the source table; there is nothing else to read. */
function render(facts: ProjectFacts, source: ParsedSource, text: string): string {
  const { schema, identifier, packageName, place } = source;
  const refuse = (): never => {
    throw new UserError('freshness reads the source table only', {
      where: place,
      hint: 'write `{{ this }}` for it',
    });
  };
  const context = nodeContext(
    facts,
    {
      relation: relationValue(facts.inputs.target.database, { schema, identifier }),
      model: null,
      execute: true,
      packageName,
    },
    { ref: refuse, source: refuse, config: refuse, readConfig: () => undefined },
  );
  const template = parseTemplate({ path: place.path, text, firstLine: place.line ?? 1 });
  return trimSql(renderTemplate(template, scopeOf(context))).text;
}
