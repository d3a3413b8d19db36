import assert from 'node:assert/strict';
import type { UserError } from '../../../../core/errors.ts';
import { type ConfigKind, resolveConfig } from '../../../../runner/compile/config.ts';
import type { ConfigLayer } from '../../../../runner/project/types.ts';

function layer(values: Record<string, unknown>): ConfigLayer {
  return { values, placeOf: (key) => ({ path: key }) };
}

/** The config of layers, the weakest first. */
function merged(kind: ConfigKind, ...layers: Record<string, unknown>[]): Record<string, unknown> {
  const faults: UserError[] = [];
  const config = resolveConfig(kind, layers.map(layer), faults);
  assert.deepEqual(faults, []);
  return { ...config };
}

describe('runner/compile/config', () => {
  it('adds up tags, hooks and packages', () => {
    const config = merged(
      'model',
      { tags: 'a', 'pre-hook': 'one' },
      { tags: ['b', 'a'], pre_hook: [{ sql: 'two', transaction: false }] },
      { tags: 'c', pre_hook: 'three' },
    );
    assert.deepEqual(config['tags'], ['a', 'b', 'c']);
    assert.deepEqual(config['pre-hook'], [
      { sql: 'one', transaction: true },
      { sql: 'two', transaction: false },
      { sql: 'three', transaction: true },
    ]);
  });

  it('merges meta, docs, quoting, column types, contract and freshness key by key', () => {
    const config = merged(
      'model',
      { meta: { a: 1, b: 1 }, docs: { node_color: 'red' }, contract: { enforced: true } },
      { meta: { b: 2 }, docs: { show: false }, contract: { alias_types: false } },
    );
    assert.deepEqual(config['meta'], { a: 1, b: 2 });
    assert.deepEqual(config['docs'], { node_color: 'red', show: false });
    assert.deepEqual(config['contract'], { enforced: true, alias_types: false });
    const types = merged('seed', { column_types: { a: 'text' } }, { column_types: { b: 'date' } });
    assert.deepEqual(types['column_types'], { a: 'text', b: 'date' });
    const hours = (count: number) => ({ count, period: 'hour' });
    const source = merged(
      'source',
      { freshness: { warn_after: hours(12), error_after: hours(24) } },
      { freshness: { warn_after: hours(6) } },
    );
    assert.deepEqual(source['freshness'], { warn_after: hours(6), error_after: hours(24) });
    assert.equal(merged('source', { freshness: {} }, { freshness: null })['freshness'], null);
  });

  it('replaces the grantees of a privilege, or adds to them with `+`', () => {
    const config = merged(
      'model',
      { grants: { select: ['reader'], insert: 'loader' } },
      { grants: { '+select': ['writer'], insert: ['other'] } },
    );
    assert.deepEqual(config['grants'], { select: ['reader', 'writer'], insert: ['other'] });
  });

  it('replaces any other config, maps among them', () => {
    const config = merged(
      'model',
      { persist_docs: { relation: true, columns: true }, schema: 'a', unique_key: ['x'] },
      { persist_docs: { relation: true }, schema: null, unique_key: 'y' },
    );
    assert.deepEqual(config['persist_docs'], { relation: true, columns: false });
    assert.deepEqual([config['schema'], config['unique_key']], [null, 'y']);
  });

  it('replaces the tags of exposures', () => {
    assert.deepEqual(merged('exposure', { tags: 'a' }, { tags: 'b' })['tags'], ['b']);
  });
});
