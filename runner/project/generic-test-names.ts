// What dbt calls a generic test: its name, the shorter name of its files, and the hash in its id.

import { createHash } from 'node:crypto';
import { DictValue } from '../../core/template/dict.ts';
import { fromJson } from '../../core/template/json.ts';
import { quoteString, toText } from '../../core/template/python-text.ts';
import { ListValue, type Value } from '../../core/template/values.ts';
import type { ParsedGenericTest } from './types.ts';

type Subject = ParsedGenericTest['on'];
type Args = Readonly<Record<string, unknown>>;

/** The names of a generic test that has none of its own. */
export interface GenericTestNames {
  /** Test, model and arguments, however long. */
  readonly name: string;
  /** Of its compiled file and of the relation of its failures: hashed where the name is too long for one. */
  readonly alias: string;
}

/** Returns dbt's names for a test of `subject` with these arguments, the column among them. */
export function genericTestNames(testName: string, subject: Subject, args: Args): GenericTestNames {
  const parts = testName.split('.');
  const short = parts.at(-1) ?? testName;
  const test = [...parts.slice(0, -1), subject.kind === 'ref' ? short : `source_${short}`].join(
    '_',
  );
  const head = `${test}_${subjectName(subject)}`;
  const values = Object.keys(args)
    .sort()
    .flatMap((key) => printedParts(fromJson(args[key])))
    .map((value) => value.replace(/[^0-9a-zA-Z_]+/g, '_'));
  const name = `${head}_${values.join('__')}`;
  // dbt counts characters and hashes from 64 on, the length that no identifier of PostgreSQL has.
  return { name, alias: name.length < 64 ? name : `${head.slice(0, 30)}_${md5(name)}` };
}

/** Returns the last part of dbt's id of a test: two tests that differ in an argument differ in it. */
export function genericTestHash(
  name: string,
  testName: string,
  subject: Subject,
  args: Args,
): string {
  const parts = testName.split('.');
  const { model: _, ...rest } = args;
  const metadata = DictValue.of([
    ['kwargs', fromJson({ ...rest, model: `{{ get_where_subquery(${callOf(subject)}) }}` })],
    ['name', parts.at(-1) ?? testName],
    ['namespace', parts.length > 1 ? (parts[0] ?? null) : null],
  ]);
  return md5(name + hashedText(metadata)).slice(-10);
}

/** A list gives its items, a dict its values, as Python's str() writes each: `True`, `None`, `['a']`. */
function printedParts(value: Value): string[] {
  if (value instanceof ListValue) return value.items.map(toText);
  if (value instanceof DictValue) return [...value.entries()].map(([, item]) => toText(item));
  return [toText(value)];
}

/** As Python's repr() of the same data with sorted keys, in which every scalar has become a text. */
function hashedText(value: Value): string {
  if (value instanceof ListValue) return `[${value.items.map(hashedText).join(', ')}]`;
  if (!(value instanceof DictValue)) return quoteString(toText(value));
  const entries = [...value.entries()]
    .map(([key, item]) => [toText(key), item] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${quoteString(key)}: ${hashedText(item)}`).join(', ')}}`;
}

function callOf(subject: Subject): string {
  if (subject.kind === 'source') return `source('${subject.source}', '${subject.table}')`;
  if (subject.version === undefined) return `ref('${subject.name}')`;
  return `ref('${subject.name}', version='${subject.version}')`;
}

function subjectName(on: Subject): string {
  if (on.kind === 'source') return `${on.source}_${on.table}`;
  return on.version === undefined ? on.name : `${on.name}_v${on.version}`;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
