// Results of queries as templates see them: the tables of dbt's `run_query`.

import { bindArguments } from '../../core/template/arguments.ts';
import { equals } from '../../core/template/comparison.ts';
import { makeDatetimeModule } from '../../core/template/datetime.ts';
import { DictValue } from '../../core/template/dict.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { toText } from '../../core/template/python-text.ts';
import { elementsOf } from '../../core/template/sequence.ts';
import {
  asText,
  type CallSite,
  FloatValue,
  type FunctionValue,
  type HostObject,
  makeFunction,
  makeInt,
  orElse,
  TupleValue,
  type Value,
} from '../../core/template/values.ts';
import type { Answer } from './answers.ts';
import { decimalValue } from './decimal-value.ts';

type Rows = Extract<Answer, { status: 'rows' }>;

/** Makes the table value of an answer. */
export function tableValue(answer: Pick<Rows, 'columns' | 'rows'>): HostObject {
  const names = answer.columns.map((column) => column.name);
  const columnOf = (row: readonly (string | null)[]): Value[] =>
    answer.columns.map(({ name, typeId }, index) => readValue(row[index] ?? null, typeId, name));
  const data = answer.rows.map(columnOf);
  const rows = data.map((row) => sequenceValue('Row', row, names));
  const columns = names.map((name, index) => {
    const values = data.map((row) => row[index] ?? null);
    return sequenceValue('Column', values, undefined, columnMembers(name, values));
  });
  const attributes: Readonly<Record<string, Value>> = {
    rows: sequenceValue('MappedSequence', rows, undefined),
    columns: sequenceValue('MappedSequence', columns, names),
    column_names: new TupleValue(names),
  };
  return {
    kind: 'host',
    typeName: 'Table',
    getAttribute: (name) => {
      if (Object.hasOwn(attributes, name)) return attributes[name];
      if (REFUSED.has(name)) {
        throw new ValueFault(
          `\`${name}\` of a query's result is not supported`,
          'read its `rows` or `columns`',
        );
      }
      return undefined;
    },
    toText: () => {
      throw new ValueFault('the result of a query cannot be printed', 'print its values');
    },
    iterate: () => rows[Symbol.iterator](),
    length: () => rows.length,
  };
}

/** What agate's tables can do beside holding rows and columns. */
const REFUSED = new Set([
  ...['print_table', 'print_json', 'print_csv', 'print_bars', 'print_structure', 'to_csv'],
  ...['to_json', 'column_types', 'row_names', 'select', 'exclude', 'where', 'find', 'order_by'],
  ...['limit', 'distinct', 'group_by', 'aggregate', 'compute', 'join', 'pivot', 'rename', 'merge'],
]);

/** agate's MappedSequence: found by position or key, walked by value. */
function sequenceValue(
  typeName: 'Row' | 'Column' | 'MappedSequence',
  values: readonly Value[],
  keys: readonly string[] | undefined,
  more: ReadonlyMap<string, Value> = new Map(),
): HostObject {
  const byKey = (key: string): Value | undefined => {
    const index = keys?.indexOf(key) ?? -1;
    return index === -1 ? undefined : values[index];
  };
  const named = keys ?? values.map((_value, index) => String(index));
  const pairs = (): [Value, Value][] => named.map((key, index) => [key, values[index] ?? null]);
  const methods: Readonly<Record<string, FunctionValue['call']>> = {
    values: () => new TupleValue(values),
    keys: () => (keys === undefined ? null : new TupleValue(keys)),
    items: () => new TupleValue(pairs().map((pair) => new TupleValue(pair))),
    dict: () => DictValue.of(pairs()),
    get: (args, kwargs) => {
      const [key, fallback] = bindArguments('get', ['key', 'default'], 1, args, kwargs);
      return orElse(byKey(asText(key ?? null) ?? ''), fallback ?? null);
    },
  };
  const text = `<agate.${typeName}: (${values.map((value) => printed(value)).join(', ')})>`;
  return {
    kind: 'host',
    typeName,
    getAttribute: (name) =>
      more.get(name) ??
      (Object.hasOwn(methods, name)
        ? makeFunction(name, (args, kwargs, site: CallSite) =>
            methods[name] === undefined ? null : methods[name](args, kwargs, site),
          )
        : undefined),
    getItem: (key) => {
      const name = asText(key);
      if (name !== undefined) return byKey(name);
      return typeof key === 'number' ? values.at(key) : undefined;
    },
    toText: () => text,
    iterate: () => values[Symbol.iterator](),
    length: () => values.length,
    contains: (item) => values.some((value) => equals(value, item)),
    equals: (other) =>
      typeof other === 'object' &&
      other !== null &&
      other.kind === 'host' &&
      other.typeName === typeName &&
      equals(new TupleValue(elementsOf(other)), new TupleValue(values)),
  };
}

function printed(value: Value): string {
  const text = asText(value);
  return text === undefined ? toText(value) : `'${text}'`;
}

function columnMembers(name: string, values: readonly Value[]): ReadonlyMap<string, Value> {
  const present = values.filter((value) => value !== null);
  return new Map<string, Value>([
    ['name', name],
    [
      'values_distinct',
      makeFunction('values_distinct', () => {
        const seen = DictValue.of(values.map((value) => [value, null]));
        return new TupleValue([...seen.keys()]);
      }),
    ],
    ['values_without_nulls', makeFunction('values_without_nulls', () => new TupleValue(present))],
  ]);
}

const INTEGERS = new Set([20, 21, 23, 26]);
const FLOATS = new Set([700, 701]);
const PLAIN_TEXT = new Set([18, 19, 25, 1042, 1043, 2950, 1083, 705]);

const datetimeModule = makeDatetimeModule(() => new Date(0));
const noState: CallSite = { place: { path: '' }, chain: [], state: undefined };

/** The value that psycopg2 and agate make of a column's text. */
function readValue(text: string | null, typeId: number, column: string): Value {
  if (text === null) return null;
  if (INTEGERS.has(typeId)) return makeInt(BigInt(text));
  if (PLAIN_TEXT.has(typeId)) return text;
  if (typeId === 16) return text === 't';
  if (FLOATS.has(typeId)) return new FloatValue(Number(text));
  if (typeId === 1700) return decimalValue(text);
  if (typeId === 1082) return isoValue('date', text);
  if (typeId === 1114) return isoValue('datetime', text);
  throw new ValueFault(
    `column \`${column}\` of the query's result has a type that templates cannot read`,
    `cast it to text in the query: ${column}::text`,
  );
}

function isoValue(type: 'date' | 'datetime', text: string): Value {
  const made = datetimeModule.getAttribute(type);
  const parse =
    typeof made === 'object' && made !== null && made.kind === 'host'
      ? made.getAttribute('fromisoformat')
      : undefined;
  if (typeof parse !== 'object' || parse === null || parse.kind !== 'function') {
    throw new TypeError(`the datetime module has no ${type}.fromisoformat`);
  }
  // PostgreSQL writes as many decimals as there are; Python reads six.
  const padded = text.replace(/\.(\d+)$/, (_all, digits: string) => `.${digits.padEnd(6, '0')}`);
  return parse.call([padded], new Map(), noState);
}

/** What a call for rows gives where nothing is executed: whatever is asked of it, it is empty. */
export const nothing: HostObject = {
  kind: 'host',
  typeName: 'Undefined',
  getAttribute: () => nothing,
  getItem: () => nothing,
  toText: () => '',
  iterate: () => [][Symbol.iterator](),
  length: () => 0,
  isTrue: () => false,
  call: () => nothing,
};
