// Models with a `deprecation_date`: a warning once it has passed, and for each model that reads one.

import { UserError } from '../../core/errors.ts';
import type { Resolver } from './resolve.ts';
import type { Node, NodeId } from './types.ts';

interface Deprecated {
  readonly called: string;
  readonly date: string;
  readonly isPast: boolean;
  /** What to read in its place, where it is an old version. */
  readonly instead: string | undefined;
}

/** Returns the warnings of a project at the moment `now`, in ISO 8601. */
export function deprecationWarnings(
  { models }: Resolver,
  nodes: readonly Node[],
  now: string,
): readonly UserError[] {
  const deprecated = new Map<NodeId, Deprecated>();
  const warnings: UserError[] = [];
  for (const { uniqueId, parsed } of models) {
    const { name, version, latestVersion, properties } = parsed;
    const date = properties?.deprecationDate;
    if (date === undefined) continue;
    const called = version === undefined ? name : `${name}.v${version}`;
    const isPast = momentOf(date) < Date.parse(now);
    const isOld = version !== undefined && String(version) !== String(latestVersion);
    const instead = isOld ? `ref('${name}', v=${latestVersion})` : undefined;
    deprecated.set(uniqueId, { called, date, isPast, instead });
    if (!isPast) continue;
    const message = `model \`${called}\` has passed its deprecation date, ${date}`;
    warnings.push(
      new UserError(message, { where: properties?.place, hint: 'disable or remove it' }),
    );
  }
  if (deprecated.size === 0) return [];
  return [...warnings, ...readerWarnings(nodes, deprecated)];
}

function readerWarnings(
  nodes: readonly Node[],
  deprecated: ReadonlyMap<NodeId, Deprecated>,
): readonly UserError[] {
  return nodes.flatMap((node) => {
    if (node.kind !== 'model') return [];
    return node.dependsOn.flatMap((id) => {
      const read = deprecated.get(id);
      if (read === undefined) return [];
      const when = read.isPast
        ? `deprecated since ${read.date}`
        : `to be deprecated on ${read.date}`;
      return new UserError(`\`${node.name}\` reads \`${read.called}\`, ${when}`, {
        where: { path: node.path },
        hint: read.instead && `read the latest version: ${read.instead}`,
      });
    });
  });
}

/** A date or time without a zone is one of UTC, so that every machine warns alike. */
function momentOf(date: string): number {
  const hasTime = /\d[T ]\d/.test(date);
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(date);
  return Date.parse(hasTime && !hasZone ? `${date.replace(' ', 'T')}Z` : date.replace(' ', 'T'));
}
