// Calls of dbt's context and macros, against what dbt-core 1.10 with dbt-postgres compiled of them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../../core/package-root.ts';
import { compileFiles, testInputs } from '../../../support/project.ts';

interface Case {
  readonly call: string;
  /** What dbt printed, each run of white space as one space. */
  readonly text: string;
}

const path = join(packageRoot(), 'tests/fixtures/dbt-context-cases.json');
// as: the file is ours, and a case of another shape fails its test
const cases = JSON.parse(readFileSync(path, 'utf8')) as readonly Case[];

describe('runner/compile, dbt’s context', () => {
  const target = { ...testInputs.target, database: 'postgres', user: 'me' };
  const files = {
    'dbt_project.yml': "name: shop\nversion: '1.0'\nprofile: shop\nvars: {cycle: 2020}\n",
    'macros/over.sql':
      '{% macro default__concat(fields) %}my_concat({{ fields | join(", ") }}){% endmacro %}',
    'models/one.sql': 'select 1 as id',
  };

  for (const { call, text } of cases) {
    it(`prints \`${call}\` as dbt does`, () => {
      const { manifest } = compileFiles(
        { ...files, 'models/m.sql': `select [[{{ ${call} }}]]` },
        { target },
      );
      const node = manifest.nodes.get('model.shop.m');
      assert.ok(node?.kind === 'model');
      assert.equal(node.compiledSql.replace(/\s+/g, ' '), `select [[${text}]]`);
    });
  }
});
