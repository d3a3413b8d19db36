// An enforced contract, from the columns and constraints that YAML gives a model.

import { type Place, UserError } from '../../core/errors.ts';
import { quoteQualified } from '../../core/identifiers.ts';
import type { Constraint, ParsedColumn, ParsedModel } from '../project/types.ts';
import type { Config } from './config.ts';
import type { ConstraintConfig, Contract, ContractColumn } from './design.ts';
import type { RelationName } from './types.ts';

/** Finds the relation of a `ref` or `source` in a constraint. @throws {UserError} where there is none */
export interface RelationFinder {
  ref(packageName: string | undefined, name: string, version: string | undefined): RelationName;
  source(source: string, table: string): RelationName;
}

/**
 * Returns what a model promises, or undefined where its contract is not enforced.
 * @throws {UserError} for a promise without columns or types, or a constraint that says too little
 */
export function makeContract(
  model: ParsedModel,
  config: Config<'model'>,
  finder: RelationFinder,
): Contract | undefined {
  if (config.contract?.enforced !== true) return undefined;
  const columns = model.properties?.columns ?? [];
  const where = model.properties?.place ?? { path: model.path };
  if (columns.length === 0) {
    throw new UserError(`\`${model.name}\` has an enforced contract and no columns in YAML`, {
      where,
      hint: 'list its columns, each with its `data_type`',
    });
  }
  const names = new Map(columns.map((column) => [column.name, columnName(column)]));
  const nameOf = (written: string): string => names.get(written) ?? unquote(written);
  const own = columns.flatMap((column) =>
    (column.constraints ?? [])
      .filter(({ type }) => type !== 'not_null' && type !== 'custom')
      .map((one) => constraintOf(one, [columnName(column)], column.place, finder)),
  );
  const whole = (model.properties?.constraints ?? []).map((one) =>
    constraintOf(one, (one.columns ?? []).map(nameOf), where, finder),
  );
  const notNull = new Set(
    whole.filter(({ type }) => type === 'not_null').flatMap((constraint) => constraint.columns),
  );
  return {
    columns: columns.map((column) =>
      contractColumn(column, config.contract?.alias_types !== false, notNull),
    ),
    constraints: [...own, ...whole.filter(({ type }) => type !== 'not_null')],
  };
}

/** dbt's names of types that PostgreSQL does not have. */
const aliases: Readonly<Record<string, string>> = { string: 'text' };

function contractColumn(
  column: ParsedColumn,
  hasAliases: boolean,
  notNull: ReadonlySet<string>,
): ContractColumn {
  const { dataType, place } = column;
  if (dataType === undefined || dataType.trim() === '') {
    throw new UserError(`column \`${column.name}\` of an enforced contract has no \`data_type\``, {
      where: place,
      hint: 'give it the type that the query returns, such as `text` or `numeric(14,2)`',
    });
  }
  const name = columnName(column);
  const constraints = column.constraints ?? [];
  const alias = hasAliases ? aliases[dataType.trim().toLowerCase()] : undefined;
  return {
    name,
    type: alias ?? dataType.trim(),
    notNull: notNull.has(name) || constraints.some(({ type }) => type === 'not_null'),
    custom: constraints.flatMap(({ type, expression }) =>
      type === 'custom' && expression ? [expression] : [],
    ),
    place,
  };
}

function constraintOf(
  given: Constraint,
  columns: readonly string[],
  where: Place,
  finder: RelationFinder,
): ConstraintConfig {
  const { type, name, expression } = given;
  const needs = (what: string, hint: string): UserError =>
    new UserError(`a constraint \`${type}\` has no \`${what}\``, { where, hint });
  if ((type === 'check' || type === 'custom') && !expression) {
    throw needs('expression', 'say in SQL what must hold');
  }
  if (type !== 'check' && type !== 'custom' && columns.length === 0) {
    throw needs('columns', 'name the columns that it is about');
  }
  if (type === 'foreign_key' && !given.to && !expression) {
    throw needs('to', "name the other table: `to: ref('customers')`, `to_columns: [id]`");
  }
  return {
    type,
    name: name ?? undefined,
    columns,
    expression: expression ?? undefined,
    to: given.to == null ? undefined : relationText(given.to, where, finder),
    toColumns: (given.to_columns ?? []).map(unquote),
  };
}

const call = /^(?:\{\{\s*)?(ref|source)\s*\((.*?)\)\s*(?:\}\})?$/s;

/** `ref('x')`, `source('s', 't')`, or a table as SQL names it. */
function relationText(written: string, where: Place, finder: RelationFinder): string {
  const [, callee, words] = call.exec(written.trim()) ?? [];
  if (callee === undefined) return written;
  const texts = [
    ...(words ?? '').matchAll(/(?:\b(v|version)\s*=\s*)?(?:'([^']*)'|"([^"]*)"|([\d.]+))/g),
  ];
  const positional = texts
    .filter(([, key]) => key === undefined)
    .map(([, , a, b, c]) => a ?? b ?? c ?? '');
  const version = texts
    .filter(([, key]) => key !== undefined)
    .map(([, , a, b, c]) => a ?? b ?? c)[0];
  const [first = '', second] = positional;
  try {
    const { schema, identifier } =
      callee === 'source'
        ? finder.source(first, second ?? '')
        : finder.ref(second === undefined ? undefined : first, second ?? first, version);
    return quoteQualified(schema, identifier);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, { where, hint: error.hint, cause: error });
  }
}

/** As PostgreSQL reads it: in lower case unless `quote` says otherwise. */
function columnName({ name, quote }: ParsedColumn): string {
  return quote === true ? name : unquote(name);
}

function unquote(written: string): string {
  const quoted = /^"(.+)"$/.exec(written)?.[1];
  return quoted === undefined ? written.toLowerCase() : quoted.replaceAll('""', '"');
}
