// dbt's selection grammar on the command line: `[@][n+]method[.argument]:value[+n]`, unions, intersections.

import { nearestName, UserError } from '../../core/errors.ts';
import { methodNames } from './method-names.ts';
import type { Criterion, CriterionSet, IndirectMode } from './types.ts';

/** The grammar's parts of one criterion, before its method is known to be one. */
const grammar =
  /^(?<at>@)?(?:(?<parents>\d*)(?<up>\+))?(?:(?<method>[\w.]+):)?(?<value>.*?)(?:(?<down>\+)(?<children>\d*))?$/s;

/**
 * Parses one criterion.
 * @throws {UserError} for what the grammar does not have; `where` says where it was written.
 */
export function parseCriterion(
  text: string,
  indirect: IndirectMode,
  where: UserError['where'] = '--select',
): Criterion {
  const groups = grammar.exec(text)?.groups;
  const value = groups?.['value'] ?? '';
  if (groups === undefined || value === '') {
    throw new UserError(`\`${text}\` is not a selection`, {
      where,
      hint: 'write a name, `path:…`, `tag:…`, with `+` before or after for parents or children',
    });
  }
  if (groups['at'] && groups['down']) {
    throw new UserError(`\`${text}\`: \`@\` takes all children already`, {
      where,
      hint: `write \`${text.replace(/\+\d*$/, '')}\``,
    });
  }
  const [method = '', ...methodArguments] = groups['method']?.split('.') ?? [implicitMethod(value)];
  return {
    kind: 'criterion',
    text,
    method: checkMethod(method, where),
    methodArguments,
    value,
    parents: depth(groups['up'], groups['parents']),
    children: depth(groups['down'], groups['children']),
    childrensParents: groups['at'] !== undefined,
    indirect,
  };
}

/** Parses the values of --select or --exclude: spaces and repetition join, commas intersect. */
export function parseUnion(
  texts: readonly string[],
  indirect: IndirectMode,
  where: string,
): CriterionSet {
  const written = texts.flatMap((text) => text.split(/\s+/)).filter((text) => text !== '');
  return {
    kind: 'union',
    indirect,
    parts: written.map((text) => ({
      kind: 'intersection',
      indirect,
      toldAs: text,
      parts: text.split(',').map((part) => {
        if (part !== '') return parseCriterion(part, indirect, where);
        throw new UserError(`\`${text}\` has an empty part between commas`, {
          where,
          hint: 'a comma joins two criteria that must both hold, without spaces',
        });
      }),
    })),
  };
}

/**
 * Returns the name of a method as it is.
 * @throws {UserError} with the nearest name.
 */
export function checkMethod(name: string, where: UserError['where']): string {
  if (methodNames.some((known) => known === name)) return name;
  const nearest = nearestName(name, methodNames);
  throw new UserError(`\`${name}:\` is not a selection method`, {
    where,
    hint: nearest ? `did you mean \`${nearest}:\`?` : `the methods are ${methodNames.join(', ')}`,
  });
}

/** What a value without a method means: a path, a file or a name. */
export function implicitMethod(value: string): string {
  if (value.includes('/')) return 'path';
  return /\.(sql|py|csv)$/i.test(value) ? 'file' : 'fqn';
}

function depth(sign: string | undefined, digits: string | undefined): number {
  if (!sign) return 0;
  return digits ? Number(digits) : Number.POSITIVE_INFINITY;
}
