// Rights on a relation: those of the config where it has any, else those on the relation before.

import { quoteIdentifier } from '../../core/identifiers.ts';
import type { Buildable, RelationName } from '../compile/types.ts';
import { quoteRelation } from './statements.ts';
import type { Catalog, Grant, PublishedStep, RelationState, Statement } from './types.ts';

const allPrivileges = [
  ...(['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'] as const),
];

/** Makes the rights on the stage those of the config, else those on the relation before. */
export function stageGrants(
  step: PublishedStep,
  current: RelationState | undefined,
  staged: RelationState | undefined,
): readonly Statement[] {
  const configured = configuredGrants(step);
  if (current === undefined && configured === undefined) return [];
  const names = (staged ?? current)?.columns.map((column) => column.name) ?? [];
  const before = withoutOwner(current).filter(
    ({ column }) => column === undefined || names.includes(column),
  );
  return grantChanges(step.staged, withoutOwner(staged), wantedGrants(before, configured));
}

/** Makes the rights on a live relation those of the config; without one they stay. */
export function liveGrants(step: PublishedStep, current: RelationState): readonly Statement[] {
  const configured = configuredGrants(step);
  if (configured === undefined) return [];
  const had = withoutOwner(current);
  return grantChanges(step.relation, had, wantedGrants(had, configured));
}

/** Rights on schemas that grantees of the config lack: without them a right on a table is none. */
export function schemaGrants(nodes: readonly Buildable[], catalog: Catalog): readonly Statement[] {
  const wanted = new Map<string, Set<string>>();
  for (const node of nodes) {
    const { schema } = node.relation;
    const usage = catalog.schemaUsage?.get(schema);
    // A schema that the run creates is ours to give rights on.
    if (usage !== undefined && !usage.canGrant) continue;
    for (const grantee of Object.values(node.design?.grants ?? {})
      .flat()
      .map(granteeName)) {
      if (usage?.grantees.includes(grantee) || usage?.grantees.includes('')) continue;
      wanted.set(schema, (wanted.get(schema) ?? new Set()).add(grantee));
    }
  }
  return [...wanted]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([schema, grantees]) =>
      [...grantees].sort().map((grantee) => ({
        sql: `grant usage on schema ${quoteIdentifier(schema)} to ${roleName(grantee)}`,
        purpose: `schema ${schema} for ${grantee || 'public'}`,
      })),
    );
}

/** The rights that the config gives on the whole relation; undefined where it says nothing of them. */
function configuredGrants({ finishing }: PublishedStep): readonly Grant[] | undefined {
  const { grants } = finishing.design ?? {};
  if (grants === undefined) return undefined;
  const pairs = Object.entries(grants).flatMap(([privilege, grantees]) =>
    expand(privilege).flatMap((one) => grantees.map((grantee) => [one, granteeName(grantee)])),
  );
  const unique = new Map(
    pairs.map(([privilege = '', grantee = '']) => [
      `${privilege} ${grantee}`,
      { privilege, grantee },
    ]),
  );
  return [...unique.values()].map((pair) => ({ ...pair, column: undefined, grantable: false }));
}

/** Rights on single columns are nothing that a config can say, and stay. */
function wantedGrants(
  before: readonly Grant[],
  configured: readonly Grant[] | undefined,
): readonly Grant[] {
  if (configured === undefined) return before;
  return [...configured, ...before.filter(({ column }) => column !== undefined)];
}

function expand(privilege: string): readonly string[] {
  const lower = privilege.toLowerCase();
  return lower === 'all' || lower === 'all privileges' ? allPrivileges : [lower];
}

/** As PostgreSQL reads a name: in lower case unless it stands in quotes; PUBLIC is the empty name. */
function granteeName(written: string): string {
  const quoted = /^"(.+)"$/.exec(written)?.[1];
  if (quoted !== undefined) return quoted.replaceAll('""', '"');
  const name = written.toLowerCase();
  return name === 'public' ? '' : name;
}

function withoutOwner(state: RelationState | undefined): readonly Grant[] {
  return (state?.grants ?? []).filter(({ grantee }) => grantee !== state?.owner);
}

function grantChanges(
  on: RelationName,
  had: readonly Grant[],
  wanted: readonly Grant[],
): readonly Statement[] {
  const revoked = had.filter((grant) => !wanted.some((other) => isSame(grant, other)));
  const granted = wanted.filter((grant) => !had.some((other) => isSame(grant, other)));
  const name = quoteRelation(on);
  return [
    ...revoked.map((grant) => ({
      sql: `revoke ${right(grant)} on ${name} from ${roleName(grant.grantee)}`,
      purpose: 'take back a right',
    })),
    ...granted.map((grant) => ({
      sql: `grant ${right(grant)} on ${name} to ${roleName(grant.grantee)}${grant.grantable ? ' with grant option' : ''}`,
      purpose: 'grant',
    })),
  ];
}

function isSame(a: Grant, b: Grant): boolean {
  return (
    a.grantee === b.grantee &&
    a.privilege === b.privilege &&
    a.column === b.column &&
    a.grantable === b.grantable
  );
}

function right(grant: Grant): string {
  return grant.column === undefined
    ? grant.privilege
    : `${grant.privilege} (${quoteIdentifier(grant.column)})`;
}

// An empty grantee is PUBLIC, which is a keyword and no role's name.
function roleName(grantee: string): string {
  return grantee === '' ? 'public' : quoteIdentifier(grantee);
}
