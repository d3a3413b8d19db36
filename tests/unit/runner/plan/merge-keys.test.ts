import { deepEqual, equal } from 'node:assert/strict';
import { isUniqueKey, matchKeys, resolveKey } from '../../../../runner/plan/merge-keys.ts';
import type { ColumnState, RelationState } from '../../../../runner/plan/types.ts';

const column = (name: string, type: string, notNull = false): ColumnState => ({
  name,
  type,
  notNull,
  comment: undefined,
});

function table(columns: readonly ColumnState[], parts: Partial<RelationState> = {}): RelationState {
  return {
    oid: 1,
    kind: 'table',
    columns,
    indexes: [],
    constraints: [],
    dependents: [],
    grants: [],
    owner: 'me',
    comment: undefined,
    options: [],
    definition: undefined,
    ...parts,
  };
}

describe('runner/plan/merge-keys', () => {
  const columns = [column('id', 'integer'), column('Code', 'character varying(3)')];

  it('finds columns as PostgreSQL reads names without quotes, and names the nearest', () => {
    deepEqual(resolveKey(['ID', 'Code'], columns), { kind: 'key', columns: ['id', 'Code'] });
    deepEqual(resolveKey(['"Code"'], columns), { kind: 'key', columns: ['Code'] });
    deepEqual(resolveKey(['idd'], columns), {
      kind: 'unknown',
      name: 'idd',
      hint: 'did you mean `id`?',
    });
    const expression = resolveKey(['lower(x)'], columns);
    equal(expression.kind === 'unknown' && /a list of columns/.test(expression.hint), true);
  });

  describe('matchKeys', () => {
    const match = (
      type: string,
      parts: { notNull?: boolean; nullKeys?: string[]; staged?: string },
    ) =>
      matchKeys(
        {
          key: ['k'],
          current: table([column('k', type, parts.notNull ?? false)]),
          staged: table([column('k', parts.staged ?? type)]),
          nullKeys: parts.nullKeys ?? [],
        },
        't',
        's',
      );

    it('is plain equality where either side has no NULL', () => {
      equal(match('integer', {}), 't."k" = s."k"');
      equal(match('integer', { notNull: true, nullKeys: ['k'] }), 't."k" = s."k"');
    });

    it('sets a value beside a flag for NULL where the type has one', () => {
      equal(
        match('numeric(14,2)', { nullKeys: ['k'] }),
        'coalesce(t."k", 0::numeric) = coalesce(s."k", 0::numeric) and (t."k" is null) = (s."k" is null)',
      );
      equal(
        match('character varying(9)', { nullKeys: ['k'] }),
        `coalesce(t."k", '') = coalesce(s."k", '') and (t."k" is null) = (s."k" is null)`,
      );
    });

    it('compares hashes, and then values, where it has none', () => {
      equal(
        match('inet', { nullKeys: ['k'] }),
        'hash_record_extended(row(t."k"), 0) = hash_record_extended(row(s."k"), 0) and t."k" is not distinct from s."k"',
      );
    });

    it('casts a staged value to the type of the table, and cuts no text off', () => {
      equal(match('integer', { staged: 'bigint' }), 't."k" = s."k"::integer');
      equal(match('character varying(3)', { staged: 'text' }), 't."k" = s."k"::character varying');
    });
  });

  it('knows a unique key by constraint or index, for all rows and over columns alone', () => {
    const index = (tail: string, names = ['id']) =>
      table(columns, { indexes: [{ name: 'i', unique: true, columns: names, tail }] });
    equal(isUniqueKey(index('USING btree (id)'), ['id'], []), true);
    equal(isUniqueKey(index('USING btree (id) WHERE (id > 1)'), ['id'], []), false);
    equal(isUniqueKey(index('USING btree (abs(id))'), ['id'], []), false);
    equal(isUniqueKey(index('USING btree (id)'), ['id', 'Code'], []), false);
    equal(isUniqueKey(index('USING btree (id)'), ['id'], ['id']), false);
    equal(isUniqueKey(index('USING btree (id) NULLS NOT DISTINCT'), ['id'], ['id']), true);
    const constraint = (definition: string) =>
      table(columns, {
        constraints: [{ name: 'c', kind: 'unique', columns: ['id'], definition }],
      });
    equal(isUniqueKey(constraint('UNIQUE (id)'), ['id'], []), true);
    equal(isUniqueKey(constraint('UNIQUE (id)'), ['id'], ['id']), false);
  });
});
