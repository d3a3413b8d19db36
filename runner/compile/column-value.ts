// Columns as templates see them: `adapter.get_columns_in_relation(…)`, `api.Column`.

import { bindArguments } from '../../core/template/arguments.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { toText } from '../../core/template/python-text.ts';
import {
  asText,
  type FunctionValue,
  type HostObject,
  isUndefined,
  makeFunction,
  type Value,
} from '../../core/template/values.ts';

/** A column of a relation as the information schema describes it. */
export interface ColumnFacts {
  readonly name: string;
  /** Type without its size, such as `character varying`. */
  readonly dtype: string;
  readonly charSize: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
}

const STRINGS = new Set(['text', 'character varying', 'character', 'varchar']);
const INTEGERS = new Set([
  ...['smallint', 'integer', 'bigint', 'smallserial', 'serial', 'bigserial'],
  ...['int2', 'int4', 'int8', 'serial2', 'serial4', 'serial8'],
]);
const FLOATS = new Set(['real', 'float4', 'float', 'double precision', 'float8', 'double']);
const NUMERICS = new Set(['numeric', 'decimal']);

/** The type with its size, as DDL writes it. */
function dataType({ dtype, charSize, precision, scale }: ColumnFacts): string {
  const type = dtype.toLowerCase();
  if (type === 'text' || (type === 'character varying' && charSize === null)) return dtype;
  if (STRINGS.has(type)) return stringType(charSize ?? 256);
  return NUMERICS.has(type) ? numericType(dtype, precision, scale) : dtype;
}

function stringType(size: number | string): string {
  return `character varying(${size})`;
}

function numericType(dtype: string, precision: Value, scale: Value): string {
  if (precision === null || scale === null) return dtype;
  return `${dtype}(${toText(precision)},${toText(scale)})`;
}

/** The only type name that dbt-postgres translates. */
function translateType(type: string): string {
  return type.toUpperCase() === 'STRING' ? 'TEXT' : type;
}

/** Makes a column value. */
export function columnValue(column: ColumnFacts): HostObject {
  const type = column.dtype.toLowerCase();
  const answer = (name: string, value: Value): FunctionValue => makeFunction(name, () => value);
  const attributes: Readonly<Record<string, Value>> = {
    name: column.name,
    column: column.name,
    quoted: `"${column.name}"`,
    dtype: column.dtype,
    data_type: dataType(column),
    expanded_data_type: dataType(column),
    char_size: column.charSize,
    numeric_precision: column.precision,
    numeric_scale: column.scale,
    is_string: answer('is_string', STRINGS.has(type)),
    is_integer: answer('is_integer', INTEGERS.has(type)),
    is_float: answer('is_float', FLOATS.has(type)),
    is_numeric: answer('is_numeric', NUMERICS.has(type)),
    is_number: answer(
      'is_number',
      [INTEGERS, FLOATS, NUMERICS].some((them) => them.has(type)),
    ),
    string_size: makeFunction('string_size', () => {
      if (!STRINGS.has(type)) throw new ValueFault('`string_size` of a column that is no text');
      return type === 'text' ? 256 : (column.charSize ?? 256);
    }),
    literal: makeFunction('literal', (args) => `${toText(args[0] ?? null)}::${dataType(column)}`),
  };
  return {
    kind: 'host',
    typeName: 'PostgresColumn',
    getAttribute: (name) =>
      Object.hasOwn(attributes, name) ? attributes[name] : classMembers.get(name),
    toText: () => describe(column),
    hashKey: () => JSON.stringify(column),
    equals: (other) =>
      typeof other === 'object' &&
      other !== null &&
      other.kind === 'host' &&
      other.typeName === 'PostgresColumn' &&
      other.hashKey?.() === JSON.stringify(column),
  };
}

/** What Python prints for one. */
function describe({ name, dtype, charSize, precision, scale }: ColumnFacts): string {
  const size = (value: number | null): string => (value === null ? 'None' : String(value));
  return `PostgresColumn(column='${name}', dtype='${dtype}', char_size=${size(charSize)}, numeric_precision=${size(precision)}, numeric_scale=${size(scale)})`;
}

const FIELDS = ['column', 'dtype', 'char_size', 'numeric_precision', 'numeric_scale'];

/** `api.Column`. */
export const columnClass: HostObject = {
  kind: 'host',
  typeName: 'type',
  getAttribute: (name) => classMembers.get(name),
  toText: () => {
    throw new ValueFault('`Column` is a class', "write api.Column('name', 'type')");
  },
  call: (args, kwargs) => {
    const given = bindArguments('Column', FIELDS, 2, args, kwargs);
    const [name, dtype, charSize, precision, scale] = given;
    return columnValue({
      name: textOf(name, 'the name'),
      dtype: textOf(dtype, 'the type'),
      charSize: sizeOf(charSize),
      precision: sizeOf(precision),
      scale: sizeOf(scale),
    });
  },
};

const classMembers: ReadonlyMap<string, Value> = new Map<string, Value>([
  [
    'translate_type',
    makeFunction('translate_type', (args, kwargs) => {
      const [type] = bindArguments('translate_type', ['dtype'], 1, args, kwargs);
      return translateType(textOf(type, 'the type'));
    }),
  ],
  [
    'create',
    makeFunction('Column.create', (args, kwargs) => {
      const given = bindArguments('Column.create', ['name', 'label_or_dtype'], 2, args, kwargs);
      const dtype = translateType(textOf(given[1], 'the type'));
      const name = textOf(given[0], 'the name');
      return columnValue({ name, dtype, charSize: null, precision: null, scale: null });
    }),
  ],
  [
    'numeric_type',
    makeFunction('numeric_type', (args, kwargs) => {
      const names = ['dtype', 'precision', 'scale'];
      const [type, precision, scale] = bindArguments('numeric_type', names, 3, args, kwargs);
      return numericType(textOf(type, 'the type'), precision ?? null, scale ?? null);
    }),
  ],
  [
    'string_type',
    makeFunction('string_type', (args, kwargs) => {
      const [size] = bindArguments('string_type', ['size'], 1, args, kwargs);
      return stringType(toText(size ?? null));
    }),
  ],
]);

function textOf(value: Value | undefined, what: string): string {
  const text = asText(value ?? null);
  if (text !== undefined) return text;
  if (value !== undefined && isUndefined(value)) throw new ValueFault(value.reason);
  throw new ValueFault(`${what} of a column is a text`);
}

function sizeOf(value: Value | undefined): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return value;
  throw new ValueFault('the sizes of a column are ints');
}
