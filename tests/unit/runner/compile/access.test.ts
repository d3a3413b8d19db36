// Groups, access and deprecation: who may read which model is dbt-core 1.10's own answer to each project.

import assert from 'node:assert/strict';
import { compileProject } from '../../../../runner/compile/compile-project.ts';
import { describeProject } from '../../../../runner/compile/describe-project.ts';
import type { ParsedProject } from '../../../../runner/project/types.ts';
import { faultsOf } from '../../../support/faults.ts';
import { compileFiles, type Files, parseFiles, testInputs } from '../../../support/project.ts';

const groups = `groups:
  - {name: finance, owner: {name: Fin}}
  - {name: sales, owner: {name: Sal}}
`;
const ledger: Files = {
  'models/ledger.sql': 'select 1 as id',
  'models/groups.yml': groups,
  'models/ledger.yml': 'models: [{name: ledger, group: finance, access: private}]',
};
const readLedger = "select *\nfrom {{ ref('ledger') }}";
const hint = '(put the reader in group `finance`, or give the model the access `protected`)';

function faults(files: Files): string[] {
  return faultsOf(() => compileFiles({ ...ledger, ...files }));
}

describe('compile: private models', () => {
  it('are read from their group', () => {
    compileFiles({
      ...ledger,
      'models/report.sql': `{{ config(group='finance') }}${readLedger}`,
      'snapshots/kept.sql': `{% snapshot kept %}{{ config(group='finance', unique_key='id', strategy='check', check_cols='all') }}${readLedger}{% endsnapshot %}`,
      'tests/one.sql': `{{ config(group='finance') }}${readLedger}`,
      'analyses/look.sql': `{{ config(group='finance') }}${readLedger}`,
    });
  });

  it('are not read from another group, nor from none: the error names model, group and reader', () => {
    assert.deepEqual(
      faults({
        'models/by_nobody.sql': readLedger,
        'models/by_sales.sql': `{{ config(group='sales') }}${readLedger}`,
      }),
      [
        `models/by_nobody.sql:2:9: model \`ledger\` is private to group \`finance\`, and is read by \`by_nobody\`, which is in no group ${hint}`,
        `models/by_sales.sql:2:9: model \`ledger\` is private to group \`finance\`, and is read by \`by_sales\`, which is in group \`sales\` ${hint}`,
      ],
    );
  });

  it('are not read by snapshots, analyses and tests of another group either', () => {
    const told = faults({
      'snapshots/kept.sql': `{% snapshot kept %}{{ config(unique_key='id', strategy='check', check_cols='all') }}${readLedger}{% endsnapshot %}`,
      'analyses/look.sql': readLedger,
      'tests/one.sql': readLedger,
    });
    assert.deepEqual(
      told.map((fault) => /^\S+/.exec(fault)?.[0]),
      ['analyses/look.sql:2:9:', 'snapshots/kept.sql:2:9:', 'tests/one.sql:2:9:'],
    );
  });

  it('admit the generic tests of their own group, and those of their own model', () => {
    const orders = (group: string): Files => ({
      'models/orders.sql': 'select 1 as ledger_id',
      'models/orders.yml': `models:
  - name: orders
    config: {group: ${group}}
    columns:
      - name: ledger_id
        data_tests:
          - relationships: {arguments: {to: ref('ledger'), field: id}}
  - name: late
    columns: [{name: id, data_tests: [unique]}]
`,
      'models/late.sql': "{{ config(access='private', group='sales') }}select 1 as id",
    });
    compileFiles({ ...ledger, ...orders('finance') });
    const [fault, ...more] = faults(orders('sales'));
    assert.match(
      fault ?? '',
      /^models\/orders\.yml:7:\d+: model `ledger` is private to group `finance`/,
    );
    assert.deepEqual(more, []);
  });

  it('without a group are read by nothing', () => {
    assert.deepEqual(
      faults({
        'models/alone.sql': "{{ config(access='private') }}select 1",
        'models/b.sql': "select * from {{ ref('alone') }}",
      }),
      [
        'models/b.sql:1:18: model `alone` is private to no group, and is read by `b`, which is in no group (give the model a `group`, or the access `protected`)',
      ],
    );
  });

  it('are not named by exposures, which have no group', () => {
    const parsed = parseFiles({
      ...ledger,
      'models/e.yml':
        "exposures:\n  - name: weekly\n    type: ml\n    owner: {name: Me}\n    depends_on:\n      - ref('ledger')\n",
    });
    assert.deepEqual(
      faultsOf(() => describeProject(parsed, compileProject(parsed, testInputs))),
      [
        `models/e.yml:6:9: model \`ledger\` is private to group \`finance\`, and is read by \`weekly\`, which is in no group ${hint}`,
      ],
    );
  });
});

/** The project of the files, with those models whose names begin with `core_` in a package of their own. */
function withCore(files: Files, restrictAccess: boolean): ParsedProject {
  const parsed = parseFiles(files);
  return {
    ...parsed,
    models: parsed.models.map((model) =>
      model.name.startsWith('core_') ? { ...model, packageName: 'core' } : model,
    ),
    packages: [{ ...parsed.file, name: 'core', restrictAccess }],
  };
}

describe('compile: models of a package', () => {
  const files = {
    'models/core_open.sql': "{{ config(access='public') }}select 1",
    'models/core_inner.sql': 'select 1',
    'models/core_reader.sql': "select * from {{ ref('core_inner') }}",
    'models/a.sql': "select * from {{ ref('core_open') }} join {{ ref('core', 'core_inner') }}",
  };

  it('are read where the package does not restrict access', () => {
    compileProject(withCore(files, false), testInputs);
  });

  it('that are protected are not, where it does: the error names both packages', () => {
    assert.deepEqual(
      faultsOf(() => compileProject(withCore(files, true), testInputs)),
      [
        'models/a.sql:1:46: model `core_inner` is protected in package `core`, which restricts access, and is read by `a` of package `shop` (read a model of `core` with `access: public`)',
      ],
    );
  });

  it('that are private are not read across packages with `restrict-access`, though the group is one', () => {
    const shared = {
      'models/g.yml': groups,
      'models/core_ledger.sql': "{{ config(access='private', group='finance') }}select 1",
      'models/a.sql': "{{ config(group='finance') }}select * from {{ ref('core_ledger') }}",
    };
    compileProject(withCore(shared, false), testInputs);
    const [fault] = faultsOf(() => compileProject(withCore(shared, true), testInputs));
    assert.match(fault ?? '', /`core_ledger` is private to group `finance`.*restricts access/);
  });
});

describe('compile: groups that there are not', () => {
  it('are told where a template names them, with the nearest name', () => {
    assert.deepEqual(
      faults({
        'models/a.sql': "select 1\n{{ config(group='finanse') }}",
        'tests/t.sql': "{{ config(group='zzz') }}select 1",
      }),
      [
        'models/a.sql:2:4: there is no group `finanse` (did you mean `finance`?)',
        'tests/t.sql:1:4: there is no group `zzz` (declare it under `groups:` in a YAML file)',
      ],
    );
  });
});

describe('compile: deprecation', () => {
  // The clock of the test inputs stands at 2026-11-23T01:00Z.
  function warningsOf(files: Files): string[] {
    const parsed = parseFiles(files);
    compileProject(parsed, testInputs);
    return parsed.warnings.flatMap((warning) =>
      faultsOf(() => {
        throw warning;
      }),
    );
  }
  const versions = (date: string): Files => ({
    'models/a_v1.sql': 'select 1',
    'models/a_v2.sql': 'select 2',
    'models/b.sql': "select * from {{ ref('a', v=1) }}",
    'models/a.yml': `models:
  - name: a
    latest_version: 2
    versions:
      - {v: 1, deprecation_date: ${date}}
      - {v: 2}
`,
  });

  it('warns of a version past its date and of each model that reads it, with the latest', () => {
    assert.deepEqual(warningsOf(versions('2026-11-22')), [
      'models/a.yml:5:13: model `a.v1` has passed its deprecation date, 2026-11-22 (disable or remove it)',
      "models/b.sql: `b` reads `a.v1`, deprecated since 2026-11-22 (read the latest version: ref('a', v=2))",
    ]);
  });

  it('warns only the readers of a version whose date is to come', () => {
    assert.deepEqual(warningsOf(versions('2027-01-31')), [
      "models/b.sql: `b` reads `a.v1`, to be deprecated on 2027-01-31 (read the latest version: ref('a', v=2))",
    ]);
  });

  it('warns by the minute, in UTC where no zone is given', () => {
    assert.equal(warningsOf(versions("'2026-11-23 00:59'")).length, 2);
    assert.equal(warningsOf(versions("'2026-11-23T01:01'")).length, 1);
    assert.equal(warningsOf(versions("'2026-11-23T02:59+02:00'")).length, 2);
  });

  it('takes no date that is none', () => {
    for (const [date, told] of [
      ['soon', 'expected a date such as 2026-12-31'],
      ['2026-02-30', 'there is no such day'],
    ]) {
      assert.deepEqual(
        faultsOf(() => parseFiles(versions(date ?? ''))),
        [`models/a.yml:5:34: \`models.0.versions.0.deprecation_date\` is \`"${date}"\`: ${told}`],
      );
    }
  });
});
