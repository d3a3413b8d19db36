import assert from 'node:assert/strict';
import type { CompileInputs } from '../../../../runner/compile/inputs.ts';
import { parseState, parseStateManifest } from '../../../../runner/graph/parse-state.ts';
import { selectNodes } from '../../../../runner/graph/select.ts';
import type { SelectionProject } from '../../../../runner/graph/types.ts';
import { faultsOf } from '../../../support/faults.ts';
import { type Files, testInputs } from '../../../support/project.ts';
import { describeFiles } from '../../../support/selection.ts';

const before: Files = {
  'dbt_project.yml': [
    'name: shop',
    'profile: shop',
    "models: {shop: {+materialized: \"{{ 'table' if target.name == 'dev' else 'view' }}\"}}",
  ].join('\n'),
  'models/a.sql': 'select 1 as id',
  'models/b.sql': "select * from {{ ref('a') }} {{ outer() }}",
  'models/c.sql': "{{ config(persist_docs={'relation': true}) }} select * from {{ ref('b') }}",
  'models/d.sql': "select * from {{ source('raw', 'pay') }} {{ other() }}",
  'models/e.sql': "select * from {{ ref('people') }}",
  'seeds/people.csv': '',
  'macros/m.sql': [
    '{% macro outer() %}{{ inner() }}{% endmacro %}',
    '{% macro inner() %}/* one */{% endmacro %}',
    '{% macro other() %}/* other */{% endmacro %}',
  ].join('\n'),
  'tests/check.sql': "select * from {{ ref('a') }} where false",
  'models/schema.yml': [
    'models:',
    '  - {name: a, description: not persisted, columns: [{name: id, data_tests: [unique]}]}',
    '  - {name: c, description: persisted}',
    'sources: [{name: raw, tables: [{name: pay}]}]',
  ].join('\n'),
};

const base = describeFiles(before);
const baseManifest = base.manifest({ people: 'same' });

/** A project that was `before` and is now the same but for these files. */
function changed(
  files: Files,
  seeds = { people: 'same' },
  inputs: Partial<CompileInputs> = {},
): SelectionProject {
  const isSame = Object.keys(files).length === 0 && Object.keys(inputs).length === 0;
  const now = isSame ? base : describeFiles({ ...before, ...files }, inputs);
  const manifest = baseManifest;
  return {
    ...now.selection,
    previous: parseState({ manifest, runResults: undefined, sources: undefined }),
    current: () => parseStateManifest(now.manifest(seeds)),
  };
}

function names(project: SelectionProject, criterion: string): string[] {
  const { nodes } = selectNodes(project, { select: [criterion], exclude: [], indirect: 'empty' });
  return [...nodes].map((id) => project.nodes.get(id)?.name ?? id).sort();
}

describe('runner/graph state:', () => {
  const all = ['a', 'b', 'c', 'check', 'd', 'e', 'pay', 'people', 'unique_a_id'];

  it('finds nothing modified in a project that is the same', () => {
    assert.deepEqual(names(changed({}), 'state:modified'), []);
    assert.deepEqual(names(changed({}), 'state:new'), []);
    assert.deepEqual(names(changed({}), 'state:unmodified'), all);
    assert.deepEqual(names(changed({}), 'state:old'), all);
  });

  const cases: readonly (readonly [string, Files, string, readonly string[]])[] = [
    ['a new body', { 'models/a.sql': 'select 2 as id' }, 'modified.body', ['a']],
    [
      'a new body, and what reads it',
      { 'models/a.sql': 'select 2 as id' },
      'modified+',
      ['a', 'b', 'c', 'check', 'unique_a_id'],
    ],
    ['blanks at the end are no change', { 'models/a.sql': 'select 1 as id\n\n' }, 'modified', []],
    [
      'a config',
      { 'models/a.sql': "{{ config(materialized='view') }}select 1 as id" },
      'modified.configs',
      ['a'],
    ],
    [
      'a tag is no change',
      {
        'models/a.sql': 'select 1 as id',
        'dbt_project.yml': `${before['dbt_project.yml']}\nseeds: {+tags: x}`,
      },
      'modified',
      [],
    ],
    [
      'an alias',
      { 'models/a.sql': "{{ config(alias='z') }}select 1 as id" },
      'modified.relation',
      ['a'],
    ],
    [
      'an alias is no config',
      { 'models/a.sql': "{{ config(alias='z') }}select 1 as id" },
      'modified.configs',
      [],
    ],
    [
      'a macro, through another',
      { 'macros/m.sql': before['macros/m.sql']?.replace('one', 'two') ?? '' },
      'modified',
      ['b'],
    ],
    [
      'a macro alone',
      { 'macros/m.sql': before['macros/m.sql']?.replace('other */', 'x */') ?? '' },
      'modified.macros',
      ['d'],
    ],
    [
      'a description that is persisted',
      { 'models/schema.yml': before['models/schema.yml']?.replaceAll('persisted', 'new') ?? '' },
      'modified',
      ['c'],
    ],
    [
      'a description that is persisted, by its part',
      { 'models/schema.yml': before['models/schema.yml']?.replaceAll('persisted', 'new') ?? '' },
      'modified.persisted_descriptions',
      ['c'],
    ],
    ['a new model', { 'models/f.sql': "select * from {{ ref('a') }}" }, 'new', ['f']],
    [
      'a new model is modified',
      { 'models/f.sql': "select * from {{ ref('a') }}" },
      'modified',
      ['f'],
    ],
    [
      'a severity',
      {
        'tests/check.sql': "{{ config(severity='warn') }}select * from {{ ref('a') }} where false",
      },
      'modified.configs',
      ['check'],
    ],
    [
      'a contract',
      {
        'models/schema.yml':
          before['models/schema.yml']?.replace(
            '{name: c,',
            '{name: c, config: {contract: {enforced: true}}, columns: [{name: id, data_type: int}],',
          ) ?? '',
      },
      'modified.contract',
      ['c'],
    ],
    [
      'a source that is new is not modified',
      {
        'models/schema.yml':
          before['models/schema.yml']?.replace('{name: pay}', '{name: pay}, {name: two}') ?? '',
      },
      'modified',
      [],
    ],
    [
      'a source that is new',
      {
        'models/schema.yml':
          before['models/schema.yml']?.replace('{name: pay}', '{name: pay}, {name: two}') ?? '',
      },
      'new',
      ['two'],
    ],
    [
      'a source elsewhere',
      {
        'models/schema.yml':
          before['models/schema.yml']?.replace('{name: pay}', '{name: pay, identifier: q}') ?? '',
      },
      'modified',
      ['pay'],
    ],
  ];
  for (const [what, files, state, expected] of cases) {
    it(`selects by ${state}: ${what}`, () => {
      assert.deepEqual(names(changed(files), `state:${state}`), expected);
    });
  }

  it('takes a config that asks for the target as it is written', () => {
    const target = { ...testInputs.target, name: 'prod', schema: 'other' };
    const project = changed({}, { people: 'same' }, { target });
    assert.equal(project.nodes.get('model.shop.a')?.config['materialized'], 'view');
    assert.equal(base.selection.nodes.get('model.shop.a')?.config['materialized'], 'table');
    assert.deepEqual(names(project, 'state:modified'), []);
  });

  it('selects a seed whose file has changed', () => {
    assert.deepEqual(names(changed({}, { people: 'other' }), 'state:modified'), ['people']);
  });

  it("takes a manifest of dbt's, whose own macros are not compared", () => {
    const theirs = baseManifest;
    const manifest = {
      ...theirs,
      metadata: { ...theirs.metadata, dbt_version: '1.10.23' },
      macros: Object.fromEntries(
        Object.entries(theirs.macros).filter(([id]) => !id.startsWith('macro.dbt.')),
      ),
    };
    const project: SelectionProject = {
      ...changed({}),
      previous: parseState({ manifest, runResults: undefined, sources: undefined }),
    };
    assert.deepEqual(names(project, 'state:modified'), []);
  });

  it('says what is missing', () => {
    const tried = (criterion: string) => faultsOf(() => names(base.selection, criterion));
    assert.deepEqual(tried('state:modified'), [
      '--select: `state:modified` compares with an earlier run, and there is no manifest.json of one (name the folder that holds it: --state path/to/target)',
    ]);
    assert.deepEqual(tried('result:error'), [
      '--select: `result:error` compares with an earlier run, and there is no run_results.json of one (name the folder that holds it: --state path/to/target)',
    ]);
    assert.deepEqual(
      faultsOf(() => names(changed({}), 'state:modifed')),
      ['--select: `state:modifed`: `modifed` is nothing to compare (did you mean `modified`?)'],
    );
  });

  it('refuses files that are no artifacts', () => {
    const none = { manifest: undefined, runResults: undefined, sources: undefined };
    const [fault] = faultsOf(() => parseState({ ...none, manifest: { nodes: {} } }));
    assert.match(fault ?? '', /^--state: manifest\.json is no manifest: `metadata`/);
    const [second] = faultsOf(() => parseState({ ...none, runResults: [] }));
    assert.match(second ?? '', /^--state: run_results\.json is no run result/);
  });
});

describe('runner/graph result: and source_status:', () => {
  it('selects by the status of the run before', () => {
    const results = [
      { unique_id: 'model.shop.a', status: 'error' },
      { unique_id: 'model.shop.b', status: 'skipped' },
      { unique_id: 'model.shop.gone', status: 'error' },
    ];
    const none = { manifest: undefined, sources: undefined };
    const project = {
      ...base.selection,
      previous: parseState({ ...none, runResults: { results } }),
    };
    assert.deepEqual(names(project, 'result:error'), ['a']);
    assert.deepEqual(names(project, '1+result:skipped'), ['a', 'b']);
  });

  it('selects sources that were loaded since', () => {
    const at = (loaded: string | null) => ({
      results: [{ unique_id: 'source.shop.raw.pay', max_loaded_at: loaded }],
    });
    const none = { manifest: undefined, runResults: undefined };
    const fresher = (then: string | null, now: string | null) => {
      const previous = parseState({ ...none, sources: at(then) });
      const current = parseState({ ...none, sources: at(now) });
      return names(
        { ...base.selection, previous, currentSources: current.sources },
        'source_status:fresher',
      );
    };
    const [one, two] = ['2026-11-23T01:00:00Z', '2026-11-23T02:30:00+01:00'];
    assert.deepEqual(fresher(one, two), ['pay']);
    assert.deepEqual(fresher(two, one), []);
    assert.deepEqual(fresher(one, one), []);
    assert.deepEqual(fresher(null, one), []);
    assert.deepEqual(fresher(one, null), []);
  });
});
