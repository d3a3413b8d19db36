import assert from 'node:assert/strict';
import { resolveFlags } from '../../../../runner/commands/flags.ts';
import { faultsOf } from '../../../support/faults.ts';

type Row = readonly [
  what: string,
  given: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>>,
  project: Readonly<Record<string, unknown>>,
  key: string,
  expected: unknown,
];

describe('runner/commands/flags', () => {
  const rows: readonly Row[] = [
    ['nothing', {}, {}, {}, 'failFast', undefined],
    ['the project', {}, {}, { fail_fast: true }, 'failFast', true],
    [
      'the environment over the project',
      {},
      { DBT_FAIL_FAST: '0' },
      { fail_fast: true },
      'failFast',
      false,
    ],
    [
      'our variable over dbt’s',
      {},
      { DBT_FAIL_FAST: 'true', RUNNER_FAIL_FAST: 'false' },
      {},
      'failFast',
      false,
    ],
    ['dbt’s newer prefix', {}, { DBT_ENGINE_QUIET: 'yes' }, {}, 'quiet', true],
    [
      'the command line over all',
      { failFast: false },
      { DBT_FAIL_FAST: 'true' },
      { fail_fast: true },
      'failFast',
      false,
    ],
    ['an empty variable is none', {}, { DBT_TARGET: '' }, {}, 'target', undefined],
    ['a text', {}, { DBT_TARGET: 'prod' }, {}, 'target', 'prod'],
    ['a text that the project may not set', {}, {}, { target: 'prod' }, 'target', undefined],
    ['a folder', {}, { RUNNER_TARGET_PATH: 'out' }, { target_path: 'in' }, 'targetPath', 'out'],
    ['a choice', {}, {}, { indirect_selection: 'cautious' }, 'indirectSelection', 'cautious'],
    ['a list', {}, { DBT_RESOURCE_TYPES: 'model test' }, {}, 'resourceType', ['model', 'test']],
    [
      'a list of the command line',
      { resourceType: ['seed'] },
      { DBT_RESOURCE_TYPES: 'model' },
      {},
      'resourceType',
      ['seed'],
    ],
    ['what is no flag stays', { select: ['a'] }, { DBT_SELECT: 'b' }, {}, 'select', ['a']],
  ];
  for (const [what, given, env, project, key, expected] of rows) {
    it(`decides by ${what}`, () => {
      assert.deepEqual(resolveFlags({ given, env, project })[key], expected);
    });
  }

  it('names the variable or key whose value is none', () => {
    const fault = (env: Record<string, string>, project: Record<string, unknown>) =>
      faultsOf(() => resolveFlags({ given: {}, env, project }));
    assert.deepEqual(fault({ DBT_QUIET: 'maybe' }, {}), [
      'environment variable DBT_QUIET: `maybe` is neither true nor false (write true or false)',
    ]);
    assert.deepEqual(fault({}, { indirect_selection: 'xml' }), [
      'dbt_project.yml, flags.indirect_selection: `xml` is none of eager, cautious, buildable, empty',
    ]);
  });
});
