// Projects with one thing wrong each, and what the user reads: place, sentence, hint. Every fault of a
// project is in its list, so nothing more is told than what is wrong.

import assert from 'node:assert/strict';
import { buildGraph } from '../../../../runner/graph/build-graph.ts';
import { faultsOf } from '../../../support/faults.ts';
import { compileFiles, type Files } from '../../../support/project.ts';

interface WrongProject {
  readonly wrong: string;
  readonly files: Files;
  readonly expected: readonly string[];
}

const ok = { 'models/a.sql': 'select 1 as id' };
const project = (more: string) => `name: shop\nprofile: shop\n${more}`;
const strict = { 'dbt_project.yml': project('flags: {runner_strict: true}\n') };
const secret = 'hunter2';

const projects: readonly WrongProject[] = [
  // dbt_project.yml
  {
    wrong: 'no name',
    files: { 'dbt_project.yml': 'profile: shop\n' },
    expected: ['dbt_project.yml:1:1: `name` is missing: expected a name'],
  },
  {
    wrong: 'a project name with a hyphen',
    files: { 'dbt_project.yml': 'name: my-shop\nprofile: shop\n' },
    expected: [
      'dbt_project.yml:1:7: `name` is `"my-shop"`: a name has letters, digits and underscores only',
    ],
  },
  {
    wrong: 'a project name that templates use',
    files: { 'dbt_project.yml': 'name: target\nprofile: shop\n' },
    expected: [
      'dbt_project.yml:1:7: `name` is `"target"`: templates give this name a meaning of their own',
    ],
  },
  {
    wrong: 'no profile',
    files: { 'dbt_project.yml': 'name: shop\n' },
    expected: [
      'dbt_project.yml:1:1: `profile` is missing: expected the name of a profile (name a profile of profiles.yml: `profile: my_profile`)',
    ],
  },
  {
    wrong: 'a key of dbt before 1.0',
    files: { 'dbt_project.yml': project('source-paths: [models]\n') },
    expected: [
      'dbt_project.yml:3:1: `source-paths` is not a key any more (rename it to `model-paths`)',
    ],
  },
  {
    wrong: 'a misspelt key and a wrong type, both told',
    files: { 'dbt_project.yml': project('modle-paths: [models]\ntarget-path: 3\n') },
    expected: [
      'dbt_project.yml:3:1: unknown key `modle-paths` (did you mean `model-paths`?)',
      'dbt_project.yml:4:14: `target-path` is `3`: expected text, in quotes',
    ],
  },
  {
    wrong: 'a folder where a list of folders belongs',
    files: { 'dbt_project.yml': project('model-paths: models\n') },
    expected: ['dbt_project.yml:3:14: `model-paths` is `"models"`: expected a list'],
  },
  {
    wrong: 'a config-version of the future',
    files: { 'dbt_project.yml': project('config-version: 3\n') },
    expected: ['dbt_project.yml:3:17: `config-version` is `3`: only config-version 2 exists'],
  },
  {
    wrong: 'a misspelt config of a folder',
    files: { ...ok, 'dbt_project.yml': project('models:\n  shop:\n    +materialised: table\n') },
    expected: [
      'dbt_project.yml:5:5: unknown config `materialised` (did you mean `+materialized`?)',
    ],
  },
  {
    wrong: 'a config of a folder with a wrong type',
    files: { ...ok, 'dbt_project.yml': project('models:\n  +enabled: "maybe"\n  +tags: {a: 1}\n') },
    expected: [
      'dbt_project.yml:4:13: config `enabled` is `"maybe"`: expected `true` or `false`',
      'dbt_project.yml:5:10: config `tags` is `{"a":1}`: expected a tag or a list of tags',
    ],
  },
  {
    wrong: 'an unknown config of a folder under the strict flag',
    files: {
      ...ok,
      'dbt_project.yml': project('flags: {runner_strict: true}\nmodels:\n  +colour_scheme: red\n'),
    },
    expected: [
      'dbt_project.yml:5:3: unknown config `colour_scheme` (keys of your own belong under `meta`)',
    ],
  },
  {
    wrong: 'tests and data_tests at once',
    files: {
      'dbt_project.yml': project('tests: {+severity: warn}\ndata_tests: {+severity: warn}\n'),
    },
    expected: [
      'dbt_project.yml:3:1: `tests` and `data_tests` are two names of one key (move what stands under `tests` to `data_tests`)',
    ],
  },
  {
    wrong: 'a dispatch entry without its search order',
    files: { 'dbt_project.yml': project('dispatch:\n  - macro_namespace: dbt_utils\n') },
    expected: ['dbt_project.yml:4:5: `dispatch.0.search_order` is missing: expected a list'],
  },
  {
    wrong: 'vars in two files',
    files: { 'dbt_project.yml': project('vars: {a: 1}\n'), 'vars.yml': 'vars: {b: 2}\n' },
    expected: [
      'dbt_project.yml:3:1: `vars` stand in dbt_project.yml and in vars.yml (keep them in one of the two)',
    ],
  },
  {
    wrong: 'a vars.yml without `vars`',
    files: { 'vars.yml': 'start: 2020\n' },
    expected: [
      'vars.yml:1:1: `vars` is missing: expected a map',
      'vars.yml:1:1: unknown key `start`',
    ],
  },
  {
    wrong: 'a template of dbt_project.yml with an unset environment variable',
    files: { 'dbt_project.yml': project('models:\n  +schema: "{{ env_var(\'SCHEMA\') }}"\n') },
    expected: [
      "dbt_project.yml:4:12: environment variable `SCHEMA` is not set (set it, or give a default: `env_var('SCHEMA', '…')`)",
    ],
  },
  {
    wrong: 'a template of dbt_project.yml with a misspelt name',
    files: { 'dbt_project.yml': project('models:\n  +enabled: "{{ targt.name == \'dev\' }}"\n') },
    expected: ['dbt_project.yml:4:13: unknown name `targt` (did you mean `target`?)'],
  },
  {
    wrong: 'functions in dbt_project.yml',
    files: { 'dbt_project.yml': project('functions: {}\n') },
    expected: [
      'dbt_project.yml:3:1: `functions` are not supported: the runner builds tables and views (create the function in an `on-run-start` hook, and remove the key)',
    ],
  },
  // YAML syntax
  {
    wrong: 'a tab as indentation',
    files: { 'models/s.yml': 'models:\n\t- name: a\n' },
    expected: ['models/s.yml:2:1: YAML: Tabs are not allowed as indentation (indent with spaces)'],
  },
  {
    wrong: 'indentation that does not line up',
    files: { 'models/s.yml': 'models:\n  - name: a\n   description: x\n' },
    expected: [
      'models/s.yml:3:1: YAML: Sequence item without - indicator (indent entries of one level alike)',
    ],
  },
  {
    wrong: 'a colon in text without quotes',
    files: { ...ok, 'models/s.yml': 'models:\n  - name: a\n    description: note: see below\n' },
    expected: [
      'models/s.yml:3:18: YAML: Nested mappings are not allowed in compact mappings (put a value that has `: ` in it in quotes)',
    ],
  },
  {
    wrong: 'a key twice',
    files: { ...ok, 'models/s.yml': 'models:\n  - name: a\n    name: b\n' },
    expected: ['models/s.yml:3:5: YAML: Map keys must be unique (remove one of the two)'],
  },
  {
    wrong: 'a quote that is never closed',
    files: { ...ok, 'models/s.yml': 'models:\n  - name: "a\n' },
    expected: ['models/s.yml:3:1: YAML: Missing closing "quote (close the quote)'],
  },
  {
    wrong: 'a template without quotes',
    files: {
      ...ok,
      'models/s.yml': 'models:\n  - name: a\n    config:\n      schema: {{ target.schema }}\n',
    },
    expected: [
      "models/s.yml:4:15: a template stands here without quotes (put it in quotes: '{{ … }}')",
    ],
  },
  {
    wrong: 'an alias that names no anchor',
    files: { ...ok, 'models/s.yml': 'models:\n  - name: a\n    description: *lost\n' },
    expected: [
      'models/s.yml:3:18: YAML: an alias names no anchor (put a value that begins with `*` in quotes)',
    ],
  },
  {
    wrong: 'a tag of JavaScript',
    files: { 'models/s.yml': 'models: !!js/function "function () { return process.env }"\n' },
    expected: ['models/s.yml:1:9: YAML: unknown tag; put a value that begins with `!` in quotes'],
  },
  {
    wrong: 'an anchor inside itself',
    files: { 'models/s.yml': 'models: &a\n  - *a\n' },
    expected: ['models/s.yml: YAML: its aliases lead in a circle or grow without end'],
  },
  {
    wrong: 'aliases that grow without end',
    files: {
      'models/s.yml': [
        'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
        ...Array.from(
          { length: 9 },
          (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`,
        ),
      ].join('\n'),
    },
    expected: ['models/s.yml: YAML: its aliases lead in a circle or grow without end'],
  },
  {
    wrong: 'a list where a map belongs',
    files: { 'models/s.yml': '- name: a\n' },
    expected: ['models/s.yml:1:1: the file is `[{"name":"a"}]`: expected a map'],
  },
  // property files
  {
    wrong: 'a misspelt key of a model',
    files: { ...ok, 'models/s.yml': 'models:\n  - name: a\n    descripton: x\n' },
    expected: [
      'models/s.yml:3:5: unknown key `descripton` in `models.0` (did you mean `description`?)',
    ],
  },
  {
    wrong: 'a misspelt key of a column and one of a source',
    files: {
      ...ok,
      'models/s.yml':
        'models:\n  - name: a\n    columns:\n      - name: id\n        data-type: int\nsources:\n  - name: raw\n    tabels: []\n',
    },
    expected: [
      'models/s.yml:5:9: unknown key `data-type` in `models.0.columns.0` (did you mean `data_type`?)',
      'models/s.yml:8:5: unknown key `tabels` in `sources.0` (did you mean `tables`?)',
    ],
  },
  {
    wrong: 'an unknown key under the strict flag',
    files: {
      ...ok,
      'dbt_project.yml': project('flags: {runner_strict: true}\n'),
      'models/s.yml': 'models:\n  - name: a\n    steward: me\n',
    },
    expected: [
      'models/s.yml:3:5: unknown key `steward` in `models.0` (keys of your own belong under `meta`)',
    ],
  },
  {
    wrong: 'a model without a name',
    files: { 'models/s.yml': 'models:\n  - description: x\n' },
    expected: ['models/s.yml:2:5: `models.0.name` is missing: expected a name'],
  },
  {
    wrong: 'a description of a model that is not there',
    files: {
      ...strict,
      'models/orders.sql': 'select 1',
      'models/s.yml': 'models:\n  - name: order\n',
    },
    expected: [
      'models/s.yml:2:11: `order` is described here, but there is no such file (did you mean `orders`?)',
    ],
  },
  {
    wrong: 'a description twice',
    files: {
      ...ok,
      'models/s.yml': 'models:\n  - name: a\n',
      'models/t.yml': 'models:\n  - name: a\n',
    },
    expected: ['models/t.yml:2:11: `a` is described twice (the other entry is at models/s.yml:2)'],
  },
  {
    wrong: 'text where a list of columns belongs',
    files: { ...ok, 'models/s.yml': 'models:\n  - name: a\n    columns: id\n' },
    expected: ['models/s.yml:3:14: `models.0.columns` is `"id"`: expected a list'],
  },
  {
    wrong: 'a misspelt config of a model in YAML, and a wrong one',
    files: {
      ...ok,
      'models/s.yml':
        'models:\n  - name: a\n    config:\n      materialised: table\n      full_refresh: "often"\n',
    },
    expected: [
      'models/s.yml:4:7: unknown key `materialised` in `models.0.config` (did you mean `materialized`?)',
      'models/s.yml:5:21: `models.0.config.full_refresh` is `"often"`: expected `true` or `false`',
    ],
  },
  {
    wrong: 'a test with two names',
    files: {
      ...ok,
      'models/s.yml':
        'models:\n  - name: a\n    data_tests:\n      - unique: {}\n        not_null: {}\n',
    },
    expected: [
      'models/s.yml:4:9: a test has one name, found `unique`, `not_null` (write `- unique`, or `- accepted_values:` with its arguments indented below)',
    ],
  },
  {
    wrong: 'an unknown generic test',
    files: {
      ...ok,
      'models/s.yml': 'models:\n  - name: a\n    columns: [{name: id, data_tests: [uniqe]}]\n',
    },
    expected: ['models/s.yml:3:39: there is no generic test `uniqe` (did you mean `unique`?)'],
  },
  {
    wrong: 'a severity that is none',
    files: {
      ...ok,
      'models/s.yml':
        'models:\n  - name: a\n    columns:\n      - name: id\n        data_tests:\n          - unique:\n              config: {severity: fatal}\n',
    },
    expected: ['models/s.yml:7:24: config `severity` is `"fatal"`: expected `error` or `warn`'],
  },
  {
    wrong: 'a source table twice',
    files: { 'models/s.yml': 'sources:\n  - name: raw\n    tables: [{name: t}, {name: t}]\n' },
    expected: [
      'models/s.yml:3:32: source table `raw.t` is declared twice (the other one is at models/s.yml:3; remove one of them)',
    ],
  },
  {
    wrong: 'a freshness period that is none',
    files: {
      'models/s.yml':
        'sources:\n  - name: raw\n    freshness: {warn_after: {count: 1, period: fortnight}}\n    tables: [{name: t}]\n',
    },
    expected: [
      'models/s.yml:3:48: `sources.0.freshness.warn_after.period` is `"fortnight"`: expected `minute`, `hour` or `day`',
    ],
  },
  {
    wrong: 'an override of a source that no package has',
    files: {
      'models/s.yml': 'sources:\n  - name: raw\n    overrides: stripe\n    tables: [{name: t}]\n',
    },
    expected: [
      'models/s.yml:3:16: package `stripe` has no source `raw` (name a package that is installed and a source of it, or remove `overrides`)',
    ],
  },
  {
    wrong: 'an exposure without owner and with a type of its own',
    files: {
      'models/s.yml': 'exposures:\n  - name: weekly\n    type: spreadsheet\n    owner: {}\n',
    },
    expected: [
      'models/s.yml:3:11: `exposures.0.type` is `"spreadsheet"`: expected `dashboard`, `notebook`, `analysis`, `ml` or `application`',
      'models/s.yml:4:12: `exposures.0.owner` is `{}`: an owner has a `name` or an `email`',
    ],
  },
  {
    wrong: 'a group twice',
    files: {
      'models/s.yml':
        'groups:\n  - {name: finance, owner: {email: a@b.c}}\n  - {name: finance, owner: {email: d@e.f}}\n',
    },
    expected: [
      'models/s.yml:3:12: group `finance` is described twice (the other entry is at models/s.yml:2; rename one of them)',
    ],
  },
  {
    wrong: 'a latest version that there is not',
    files: {
      'models/a_v1.sql': 'select 1',
      'models/s.yml': 'models:\n  - name: a\n    latest_version: 2\n    versions: [{v: 1}]\n',
    },
    expected: [
      'models/s.yml:3:21: `latest_version` is `2`, which is none of the versions (it has `1`)',
    ],
  },
  {
    wrong: 'a version without a file',
    files: {
      ...strict,
      'models/a_v1.sql': 'select 1',
      'models/s.yml':
        'models:\n  - name: a\n    latest_version: 1\n    versions: [{v: 1}, {v: 2}]\n',
    },
    expected: [
      'models/s.yml:4:28: `a_v2` is described here, but there is no such file (did you mean `a_v1`?)',
    ],
  },
  {
    wrong: 'a unit test without its expectation',
    files: {
      ...ok,
      'models/s.yml':
        "unit_tests:\n  - name: adds_up\n    model: a\n    given: [{input: ref('b'), row: []}]\n",
    },
    expected: [
      'models/s.yml:2:5: `unit_tests.0.expect` is missing: expected a map',
      'models/s.yml:4:31: unknown key `row` in `unit_tests.0.given.0` (did you mean `rows`?)',
    ],
  },
  {
    wrong: 'a docs block that is not there',
    files: {
      ...ok,
      'models/d.md': '{% docs orders %}Orders.{% enddocs %}',
      'models/s.yml': 'models:\n  - name: a\n    description: "{{ doc(\'order\') }}"\n',
    },
    expected: ['models/s.yml:3:18: there is no docs block `order` (did you mean `orders`?)'],
  },
  {
    wrong: 'a docs block that is never closed',
    files: { ...ok, 'models/d.md': '# Notes\n{% docs orders %}Orders.\n' },
    expected: ['models/d.md:2:1: the `{% docs %}` block is never closed (Add `{% enddocs %}`.)'],
  },
  {
    wrong: 'a docs block twice',
    files: { 'models/d.md': '{% docs x %}1{% enddocs %}\n{% docs x %}2{% enddocs %}\n' },
    expected: [
      'models/d.md:2:1: docs block `x` is defined twice (the other one is at models/d.md:1; rename one of them)',
    ],
  },
  {
    wrong: 'a constraint of a wrong type',
    files: {
      ...ok,
      'models/s.yml': 'models:\n  - name: a\n    constraints: [{type: primary, columns: [id]}]\n',
    },
    expected: [
      'models/s.yml:3:26: `models.0.constraints.0.type` is `"primary"`: expected `not_null`, `unique`, `primary_key`, `foreign_key`, `check` or `custom`',
    ],
  },
  {
    wrong: 'functions in a property file',
    files: { 'models/s.yml': 'functions:\n  - name: f\n' },
    expected: [
      'models/s.yml:1:1: `functions` are not supported: the runner builds tables and views (create the function in an `on-run-start` hook, and remove the key)',
    ],
  },
  {
    wrong: 'a snapshot folder with a plain query',
    files: { 'snapshots/s.sql': 'select 1' },
    expected: [
      'snapshots/s.sql: a file of the snapshot folder holds no snapshot (put its query between {% snapshot name %} and {% endsnapshot %}, or move the file)',
    ],
  },
  // names
  {
    wrong: 'two models of one name',
    files: { 'models/x/a.sql': 'select 1', 'models/y/a.sql': 'select 1' },
    expected: [
      'models/y/a.sql: two files define `a` (the other one is models/x/a.sql; rename one of them)',
    ],
  },
  {
    wrong: 'a model and a seed of one name',
    files: { 'models/a.sql': 'select 1', 'seeds/a.csv': '' },
    expected: [
      'seeds/a.csv: two files define `a` (the other one is models/a.sql; rename one of them)',
    ],
  },
  {
    wrong: 'two models of one relation',
    files: {
      'models/a.sql': "{{ config(alias='c') }} select 1",
      'models/b.sql': "{{ config(alias='c') }} select 1",
    },
    expected: [
      'models/b.sql: two nodes build `dev.c` (the other one is models/a.sql; give one an alias or a schema)',
    ],
  },
  {
    wrong: 'a hostile file name',
    files: { 'models/a"; drop table users; --.sql': 'select 1' },
    expected: [
      'models/a"; drop table users; --.sql: the name of the file has `"`, which no node can have in its name (rename it, with letters, digits, `_`, `-` and `.` only)',
    ],
  },
  {
    wrong: 'a file name with a blank',
    files: { 'models/my model.sql': 'select 1' },
    expected: [
      'models/my model.sql: the name of the file has a blank, which no node can have in its name (rename it, with letters, digits, `_`, `-` and `.` only)',
    ],
  },
  // templates
  {
    wrong: 'a ref of a model that is not there',
    files: {
      'models/orders.sql': 'select 1 as id',
      'models/b.sql': "select *\nfrom {{ ref('order') }}",
    },
    expected: [
      'models/b.sql:2:9: there is no model, seed or snapshot `order` (did you mean `orders`?)',
    ],
  },
  {
    wrong: 'a ref of a package that is not installed',
    files: { ...ok, 'models/b.sql': "select * from {{ ref('dbt_utlis', 'a') }}" },
    expected: [
      "models/b.sql:1:18: there is no package `dbt_utlis` (write ref('a') for a model of this project)",
    ],
  },
  {
    wrong: 'a macro of a package that is not installed',
    files: { 'models/b.sql': 'select {{ dbt_utils.star() }}' },
    expected: [
      'models/b.sql:1:11: unknown name `dbt_utils` (Set it first, or ask for it with `dbt_utils is defined`.)',
    ],
  },
  {
    wrong: 'a source that is not declared',
    files: {
      'models/s.yml': 'sources: [{name: raw, tables: [{name: orders}]}]',
      'models/b.sql': "select * from {{ source('raw', 'oders') }}",
    },
    expected: [
      'models/b.sql:1:18: source `raw.oders` is not declared (did you mean `raw.orders`?)',
    ],
  },
  {
    wrong: 'a ref of a disabled model',
    files: {
      'models/a.sql': '{{ config(enabled=false) }} select 1',
      'models/b.sql': "select * from {{ ref('a') }}",
    },
    expected: ['models/b.sql:1:18: `a` is disabled (enable it, or remove the ref)'],
  },
  {
    wrong: 'a variable that is not set',
    files: {
      'dbt_project.yml': project('vars: {start_date: 2020}\n'),
      'models/b.sql': "select {{ var('start_dat') }}",
    },
    expected: ['models/b.sql:1:11: variable `start_dat` is not set (did you mean `start_date`?)'],
  },
  {
    wrong: 'a block that is never closed',
    files: { 'models/b.sql': 'select 1\n{% if true %}\n, 2' },
    expected: ['models/b.sql:2:1: the `{% if %}` block is never closed (Add `{% endif %}`.)'],
  },
  {
    wrong: 'a macro that calls itself without end',
    files: {
      'macros/m.sql':
        '{% macro a() %}{{ b() }}{% endmacro %}\n{% macro b() %}{{ a() }}{% endmacro %}',
      'models/b.sql': 'select {{ a() }}',
    },
    expected: [
      'macros/m.sql:2:19: macros call each other more than 200 levels deep at `a`, in macro `b` (macros/m.sql:2:19), called from macros/m.sql:1:19 in macro `a`, called from macros/m.sql:2:19 in macro `b`, called from macros/m.sql:1:19 in macro `a`, called from macros/m.sql:2:19 in macro `a`, called from macros/m.sql:2:19 in macro `b`, called from macros/m.sql:1:19 in macro `a`, called from models/b.sql:1:11, 200 calls in all (Give the recursion an end.)',
    ],
  },
  {
    wrong: 'a macro twice',
    files: {
      'macros/m.sql': '{% macro a() %}1{% endmacro %}',
      'macros/n.sql': '{% macro a() %}2{% endmacro %}',
    },
    expected: [
      'macros/n.sql:1:1: macro `a` is defined twice (the other one is at macros/m.sql:1; rename one of them)',
    ],
  },
  {
    wrong: 'an unknown name',
    files: {
      'macros/m.sql': '{% macro cents(x) %}{{ x }}{% endmacro %}',
      'models/b.sql': 'select {{ cent(1) }}',
    },
    expected: ['models/b.sql:1:11: unknown name `cent` (did you mean `cents`?)'],
  },
  {
    wrong: 'a misspelt config in a model',
    files: { 'models/b.sql': "{{ config(materialised='table') }}\nselect 1" },
    expected: ['models/b.sql:1:4: unknown config `materialised` (did you mean `materialized`?)'],
  },
  {
    wrong: 'a model without SQL',
    files: { 'models/b.sql': '{# nothing yet #}\n-- to do\n' },
    expected: [
      'models/b.sql: the model holds no SQL (write one select statement, or remove the file)',
    ],
  },
  {
    wrong: 'a way to the constructor of functions',
    files: { 'models/b.sql': "select {{ ref.constructor('return process.env')() }}" },
    expected: ['models/b.sql:1:14: the function has no attribute `constructor`'],
  },
  {
    wrong: 'a way to the prototype of objects',
    files: {
      'models/b.sql':
        "{% set x = {} %}select {{ x.__proto__.polluted }}{{ x['constructor']['constructor']('return 1')() }}",
    },
    expected: ['models/b.sql:1:38: the dict has no attribute `__proto__`'],
  },
  {
    wrong: 'a way to JavaScript through text',
    files: { 'models/b.sql': "select {{ 'a'.constructor.constructor('return process')() }}" },
    expected: ['models/b.sql:1:26: the str has no attribute `constructor`'],
  },
  {
    wrong: 'a way to JavaScript in YAML',
    files: {
      ...ok,
      'models/s.yml':
        'models:\n  - name: a\n    config:\n      alias: "{{ var.constructor(\'return process.env\')() }}"\n',
    },
    expected: ['models/s.yml:4:14: the function has no attribute `constructor`'],
  },
  {
    wrong: 'process in a template',
    files: { 'models/b.sql': 'select {{ process.env.HOME }}' },
    expected: [
      'models/b.sql:1:11: unknown name `process` (Set it first, or ask for it with `process is defined`.)',
    ],
  },
  {
    wrong: 'a secret of the environment in a model',
    files: { 'models/b.sql': "select '{{ env_var('DBT_ENV_SECRET_TOKEN') }}'" },
    expected: [
      'models/b.sql:1:12: `DBT_ENV_SECRET_TOKEN` is a secret, and compiled SQL is written to files and logs (use secrets in profiles.yml only)',
    ],
  },
  {
    wrong: 'a secret of the environment in YAML',
    files: {
      ...ok,
      'models/s.yml':
        'models:\n  - name: a\n    config:\n      alias: "{{ env_var(\'DBT_ENV_SECRET_TOKEN\') }}"\n',
    },
    expected: [
      'models/s.yml:4:14: `DBT_ENV_SECRET_TOKEN` is a secret, and what YAML says is written to artifacts (use secrets in profiles.yml and packages.yml only)',
    ],
  },
  {
    wrong: 'models that read each other in a circle',
    files: {
      'models/a.sql': "select * from {{ ref('b') }}",
      'models/b.sql': "select * from {{ ref('c') }}",
      'models/c.sql': "select * from {{ ref('a') }}",
    },
    expected: [
      'models/a.sql: models read each other in a circle: a -> c -> b -> a (take one of these refs away: no order builds them)',
    ],
  },
  {
    wrong: 'faults of five files at once',
    files: {
      'dbt_project.yml': project('models: {+enabled: 7}\n'),
      'models/s.yml': 'modles: []\n',
      'models/t.yml': 'models:\n  - nam: a\n',
      'models/u.yml': 'seeds: x\n',
      'models/v.yml': 'a: [\n',
    },
    expected: [
      'dbt_project.yml:3:20: config `enabled` is `7`: expected `true` or `false`',
      'models/s.yml:1:1: unknown key `modles` (did you mean `models`?)',
      'models/t.yml:2:5: unknown key `nam` in `models.0` (did you mean `name`?)',
      'models/t.yml:2:5: `models.0.name` is missing: expected a name',
      'models/u.yml:1:8: `seeds` is `"x"`: expected a list',
      'models/v.yml:2:1: YAML: Flow sequence in block collection must be sufficiently indented and end with a ] (close the bracket)',
    ],
  },
  {
    wrong: 'an exposure that names what is not there, in a wrong way too',
    files: {
      ...ok,
      'models/s.yml':
        'exposures:\n  - name: e\n    type: ml\n    owner: {name: Me}\n    depends_on:\n      - ref("b")\n      - a\n',
    },
    expected: [
      'models/s.yml:6:9: there is no model or seed `b` (did you mean `a`?)',
      "models/s.yml:7:9: `a` names no node (write ref('model'), source('source', 'table') or metric('name'))",
    ],
  },
  {
    wrong: 'a unit test of a model and a group that are not there',
    files: {
      ...ok,
      'models/s.yml':
        'models:\n  - name: a\n    group: finanse\ngroups:\n  - {name: finance, owner: {name: Me}}\nunit_tests:\n  - {name: u, model: orders, expect: {rows: []}}\n',
    },
    expected: [
      'models/s.yml:3:5: there is no group `finanse` (did you mean `finance`?)',
      'models/s.yml:7:12: there is no model `orders` (add it, or remove what names it)',
    ],
  },
  {
    wrong: 'a password in YAML that looks like an alias',
    files: { ...ok, 'models/s.yml': 'models:\n  - name: a\n    meta: {password: *hunter2}\n' },
    expected: [
      'models/s.yml:3:22: YAML: an alias names no anchor (put a value that begins with `*` in quotes)',
    ],
  },
];

describe('runner/project: wrong projects', () => {
  for (const { wrong, files, expected } of projects) {
    it(`tells ${wrong}`, () => {
      const env = { DBT_ENV_SECRET_TOKEN: secret };
      const faults = faultsOf(() => buildGraph(compileFiles(files, { env }).manifest));
      assert.deepEqual(faults, expected);
      assert.ok(!faults.join().includes(secret));
    });
  }

  it('are sixty at least, each with a title of its own', () => {
    const titles = new Set(projects.map(({ wrong }) => wrong));
    assert.equal(titles.size, projects.length);
    assert.ok(projects.length >= 60);
  });
});
