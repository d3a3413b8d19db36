// A database error points at the line of the template that wrote the SQL.

import { deepEqual, ok } from 'node:assert/strict';
import type { Place } from '../../../core/errors.ts';
import { ModelError } from '../../../runner/execute/model-error.ts';
import { useDatabase } from '../../support/database.ts';
import { compileFiles, type Files, testInputs } from '../../support/project.ts';
import { outcomeOf, runNodes } from '../../support/run-plan.ts';

describe('places of database errors', () => {
  const database = useDatabase();

  beforeEach(async () => {
    await database.query('drop schema if exists dev cascade');
  });

  /** Builds a project and returns the error of the node whose id begins so. */
  async function errorOf(files: Files, idStart: string): Promise<ModelError> {
    const target = { ...testInputs.target, database: database.connection.database };
    const { manifest } = compileFiles(files, { target });
    const nodes = [...manifest.nodes.values()];
    const result = await runNodes(database.connection, nodes);
    const node = nodes.find(({ uniqueId }) => uniqueId.startsWith(idStart));
    ok(node, `no node ${idStart}`);
    const { error } = outcomeOf(result, node.uniqueId);
    ok(error instanceof ModelError, `${idStart} has no database error`);
    return error;
  }

  const whereOf = async (files: Files, idStart: string): Promise<Place | string | undefined> =>
    (await errorOf(files, idStart)).where;

  for (const materialized of ['view', 'table']) {
    it(`lie in the model's file, after tags of many lines (${materialized})`, async () => {
      const text = [
        '{# two lines',
        ' of words 😀 #}',
        `{{ config(materialized='${materialized}') }}`,
        "{% for kind in ['a', 'b'] %}",
        "select '{{ kind }}😀é' as kind, 1 as n",
        '{% if not loop.last %}union all{% endif %}',
        '{% endfor %}',
        "union all select 'e\u0301', missing",
      ].join('\n');
      deepEqual(await whereOf({ 'models/m.sql': text }, 'model.shop.m'), {
        path: 'models/m.sql',
        line: 8,
        column: 24,
      });
    });
  }

  it('lie in the macro that wrote the SQL, though the model called it', async () => {
    const files = {
      'macros/amounts.sql':
        '{% macro cents(column) %}\n\n  round({{ column }} / 100.0)\n  + absent\n{% endmacro %}',
      'models/m.sql': "select\n  '😀' as a,\n  {{ cents('n') }} as b\nfrom (select 1 as n) as t",
    };
    deepEqual(await whereOf(files, 'model.shop.m'), {
      path: 'macros/amounts.sql',
      line: 4,
      column: 5,
    });
  });

  it('lie at the tag where a macro prints what it was given', async () => {
    const files = {
      'macros/amounts.sql':
        '{% macro cents(column) %}\n  round({{ column }} / 100.0){% endmacro %}',
      'models/m.sql': "select\n  {{ cents('absent') }} as b",
    };
    deepEqual(await whereOf(files, 'model.shop.m'), {
      path: 'macros/amounts.sql',
      line: 2,
      column: 9,
    });
  });

  it('lie in the macro inside a macro', async () => {
    const files = {
      'macros/inner.sql': '{% macro inner() %}\nabsent\n{% endmacro %}',
      'macros/outer.sql': '{% macro outer() %}\n1 + {{ inner() }}\n{% endmacro %}',
      'models/m.sql': '\nselect {{ outer() }} as b',
    };
    deepEqual(await whereOf(files, 'model.shop.m'), {
      path: 'macros/inner.sql',
      line: 2,
      column: 1,
    });
  });

  it('lie at the tag where a filter changed what a macro wrote', async () => {
    const files = {
      'macros/inner.sql': '{% macro inner() %}\n  absent\n{% endmacro %}',
      'models/m.sql': 'select 1 as a,\n  {{ inner() | trim | upper }} as b',
    };
    deepEqual(await whereOf(files, 'model.shop.m'), { path: 'models/m.sql', line: 2, column: 3 });
  });

  it("lie in the generic test's own file", async () => {
    const files = {
      'tests/generic/below.sql':
        '{% test below(model, column_name, most) %}\nselect * from {{ model }}\nwhere {{ column_name }} > {{ most }}\n  and absent\n{% endtest %}',
      'models/m.sql': 'select 1 as n',
      'models/m.yml':
        'models:\n  - name: m\n    columns:\n      - name: n\n        tests:\n          - below:\n              arguments: {most: 5}\n',
    };
    deepEqual(await whereOf(files, 'test.shop.below_m_n'), {
      path: 'tests/generic/below.sql',
      line: 4,
      column: 7,
    });
  });

  it('lie in the file of a singular test, staged or not', async () => {
    const files = {
      'models/m.sql': 'select 1 as n',
      'tests/assert_n.sql':
        "{{ config(severity='warn') }}\nselect *\nfrom {{ ref('m') }} as {{ 'm' }}\nwhere m.absent > 1",
    };
    deepEqual(await whereOf(files, 'test.shop.assert_n'), {
      path: 'tests/assert_n.sql',
      line: 4,
      column: 7,
    });
  });

  it('lie after the relation on a line that a staged name makes longer', async () => {
    const files = {
      'models/m.sql': 'select 1 as n',
      'tests/assert_n.sql': "select * from {{ ref('m') }} as m where m.absent > 1",
    };
    deepEqual(await whereOf(files, 'test.shop.assert_n'), {
      path: 'tests/assert_n.sql',
      line: 1,
      column: 41,
    });
  });
});
