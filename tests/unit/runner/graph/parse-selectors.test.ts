import assert from 'node:assert/strict';
import { selectNodes } from '../../../../runner/graph/select.ts';
import { faultsOf } from '../../../support/faults.ts';
import { describeFiles } from '../../../support/selection.ts';

const files = {
  'models/a.sql': "{{ config(tags=['x']) }} select 1 as id",
  'models/b.sql': "{{ config(tags=['x', 'y']) }} select * from {{ ref('a') }}",
  'models/c.sql': "select * from {{ ref('b') }}",
  'models/schema.yml': 'models: [{name: b, columns: [{name: id, data_tests: [unique]}]}]',
};

function selector(definition: string, more = ''): string[] {
  const text = `selectors:\n  - name: s\n    ${more}\n    definition: ${definition}`;
  const { selection } = describeFiles({ ...files, 'selectors.yml': text });
  const { nodes } = selectNodes(selection, { select: [], exclude: [], selector: 's' });
  return [...nodes].map((id) => selection.nodes.get(id)?.name ?? id).sort();
}

function fault(text: string): readonly string[] {
  return faultsOf(() => describeFiles({ ...files, 'selectors.yml': text }));
}

describe('runner/graph/parse-selectors', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['a+1', ['a', 'b', 'unique_b_id']],
    ['"tag:x,tag:y"', ['b', 'unique_b_id']],
    ['"a c"', ['a', 'c']],
    ['{tag: y}', ['b', 'unique_b_id']],
    ['{config.materialized: view}', ['a', 'b', 'c', 'unique_b_id']],
    ['{method: fqn, value: b, indirect_selection: empty}', ['b']],
    ['{method: fqn, value: c, parents: true, parents_depth: 1}', ['b', 'c', 'unique_b_id']],
    ['{method: fqn, value: a, childrens_parents: true, exclude: [b, c]}', ['a']],
    ['{union: [a, {union: [c]}]}', ['a', 'c']],
    ['{union: ["tag:x", {exclude: [{tag: y}]}]}', ['a']],
    [
      '{intersection: ["tag:x", {method: fqn, value: a, children: true}, {exclude: [a]}]}',
      ['b', 'unique_b_id'],
    ],
    ['{union: [b], indirect_selection: empty}', ['b']],
  ];
  for (const [definition, expected] of cases) {
    it(`selects ${definition}`, () => assert.deepEqual(selector(definition), expected));
  }

  it('takes the default selector where nothing is selected', () => {
    const text = 'selectors: [{name: s, default: true, definition: c}]';
    const { selection } = describeFiles({ ...files, 'selectors.yml': text });
    const select = (given: { select?: string[]; exclude?: string[] }) => [
      ...selectNodes(selection, { select: [], exclude: [], ...given }).nodes,
    ];
    assert.deepEqual(select({}), ['model.shop.c']);
    assert.deepEqual(select({ select: ['a'] }), ['model.shop.a']);
    assert.deepEqual(select({ exclude: ['b', 'c'] }), ['model.shop.a']);
  });

  it('does not mix --selector with --select', () => {
    const text = 'selectors: [{name: s, definition: c}]';
    const { selection } = describeFiles({ ...files, 'selectors.yml': text });
    assert.deepEqual(
      faultsOf(() => selectNodes(selection, { select: ['a'], exclude: [], selector: 's' })),
      [
        '--selector: --selector stands for --select and --exclude (to add to it, write --select selector:s)',
      ],
    );
    assert.deepEqual(
      faultsOf(() => selectNodes(selection, { select: ['selector:t'], exclude: [] })),
      ['--select: there is no selector `t` (did you mean `s`?)'],
    );
  });

  const faults: readonly (readonly [string, readonly string[]])[] = [
    [
      'selectors:\n  - name: s\n    definition: {tags: x}',
      ['selectors.yml:3:17: `tags:` is not a selection method (did you mean `tag:`?)'],
    ],
    [
      'selectors:\n  - name: s\n    definition:\n      union:\n        - "@a+"\n  - name: s\n    definition: a',
      ['selectors.yml:5:11: `@a+`: `@` takes all children already (write `@a`)'],
    ],
    [
      'selectors:\n  - {name: s, definition: a}\n  - {name: s, definition: b}',
      [
        'selectors.yml:3:12: selector `s` is defined twice (the other one is at selectors.yml:2; rename one of them)',
      ],
    ],
    [
      'selectors:\n  - {name: s, default: true, definition: a}\n  - {name: t, default: true, definition: b}',
      [
        'selectors.yml:3:12: selector `t` is a second default (`s` is the default already; let one of them be it)',
      ],
    ],
    [
      'selectors:\n  - name: s\n    definition: {union: [a, {exclude: [b]}, {exclude: [c]}]}',
      [
        'selectors.yml:3:45: two `exclude` in one set (list everything to leave out below the first)',
      ],
    ],
    [
      'selectors:\n  - name: s\n    definition: {exclude: [b]}',
      [
        'selectors.yml:3:17: `exclude` stands alone: there is nothing to take it from (put it into a `union` or an `intersection`, beside what it is taken from)',
      ],
    ],
    [
      'selectors:\n  - name: s\n    definition: {tag: x, path: y}',
      [
        'selectors.yml:3:17: a criterion has one key, and this one has `tag`, `path` (write `method` and `value`, or one `method: value` for each member of a `union`)',
      ],
    ],
  ];
  for (const [text, expected] of faults) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.deepEqual(fault(text), expected));
  }
});
