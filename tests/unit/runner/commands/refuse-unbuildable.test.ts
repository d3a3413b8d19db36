import assert from 'node:assert/strict';
import { refuseUnbuildable } from '../../../../runner/commands/refuse-unbuildable.ts';
import type { Verb } from '../../../../runner/commands/run-nodes.ts';
import { faultsOf } from '../../../support/faults.ts';
import { compileFiles, type Files, parseFiles } from '../../../support/project.ts';

/** Refuses what a command cannot build of a project; `select` names models, all nodes where absent. */
function refuse(files: Files, verb: Verb, select?: readonly string[]): void {
  const { manifest } = compileFiles(files);
  const ids = select?.map((name) => `model.shop.${name}`) ?? [...manifest.nodes.keys()];
  refuseUnbuildable({
    parsed: parseFiles(files),
    manifest,
    selected: new Set(ids),
    verb,
  });
}

describe('runner/commands/refuse-unbuildable', () => {
  const files: Files = {
    'models/a.sql': 'select 1 as id',
    'models/b.sql': "{{ config(materialized='own_kind') }}\nselect 1 as id",
    'models/s.yml': [
      'models: [{name: a, columns: [{name: id, tests: [{unique: {config: {store_failures: true}}}]}]}]',
      'unit_tests: [{name: u, model: a, expect: {rows: []}}]',
    ].join('\n'),
  };
  const ofB = [
    'models/b.sql:1:4: `b`: there is no materialization `own_kind`: there are `view`, `table`, `incremental`, `materialized_view` and `ephemeral`, and those that the project defines (leave it out with --exclude b, or change the config)',
  ];

  it('names all that a command would have to build and cannot', () => {
    assert.deepEqual(
      faultsOf(() => refuse(files, 'build')),
      ofB,
    );
    assert.deepEqual(
      faultsOf(() => refuse(files, 'run')),
      ofB,
    );
    refuse(files, 'test');
  });

  it('lets pass what is not selected and what the command does not build', () => {
    refuse(files, 'seed');
    refuse(files, 'snapshot');
    refuse(files, 'build', ['a']);
  });
});
