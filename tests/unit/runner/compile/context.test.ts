// What the context says that dbt's oracle cannot fix: clocks, secrets, versions, docs, the graph.

import assert from 'node:assert/strict';
import { faultsOf } from '../../../support/faults.ts';
import { compileFiles, type Files } from '../../../support/project.ts';

function sql(files: Files, inputs = {}, id = 'model.shop.m'): string {
  const node = compileFiles(files, inputs).manifest.nodes.get(id);
  assert.ok(node?.kind === 'model');
  return node.compiledSql;
}

describe('runner/compile, context', () => {
  it('knows the clock of the run as a moment in UTC', () => {
    const text = [
      '{{ run_started_at }}',
      '{{ run_started_at.strftime("%Y-%m-%d %z") }}',
      '{{ run_started_at - modules.datetime.timedelta(days=1) }}',
      '{{ run_started_at.isoformat() }}',
      '{{ run_started_at.date() }}',
    ].join('|');
    const inputs = { runStartedAt: '2026-11-23T01:02:03.000Z' };
    assert.equal(
      sql({ 'models/m.sql': text }, inputs),
      '2026-11-23 01:02:03+00:00|2026-11-23 +0000|2026-11-22 01:02:03+00:00|2026-11-23T01:02:03+00:00|2026-11-23',
    );
  });

  it('finds the versions of a model', () => {
    const files = {
      'models/m_v1.sql': 'select 1 as id',
      'models/m_v2.sql': 'select 2 as id',
      'models/s.yml': 'models: [{name: m, latest_version: 2, versions: [{v: 1}, {v: 2}]}]',
      'models/r.sql':
        "select {{ ref('m') }}, {{ ref('m', v=1) }}, {{ ref('shop', 'm', version='2') }}",
    };
    assert.equal(
      sql(files, {}, 'model.shop.r'),
      'select "db"."dev"."m_v2", "db"."dev"."m_v1", "db"."dev"."m_v2"',
    );
    const wrong = { ...files, 'models/r.sql': "select * from {{ ref('m', v=3) }}" };
    assert.deepEqual(
      faultsOf(() => compileFiles(wrong)),
      ['models/r.sql:1:18: `m` has no version `3` (its versions are 1, 2)'],
    );
  });

  it('refuses secrets of the environment in SQL', () => {
    const files = { 'models/m.sql': "select '{{ env_var('DBT_ENV_SECRET_KEY') }}'" };
    const [fault = ''] = faultsOf(() =>
      compileFiles(files, { env: { DBT_ENV_SECRET_KEY: 'hidden' } }),
    );
    assert.match(fault, /^models\/m\.sql:1:12: `DBT_ENV_SECRET_KEY` is a secret/);
    assert.ok(!fault.includes('hidden'));
  });

  it('asks the templates’ own checks of a config', () => {
    const files = {
      'models/m.sql': "{{ config(meta={'owner': 'ann'}) }}select '{{ config.meta_get('owner') }}'",
    };
    assert.equal(sql(files), "select 'ann'");
    const missing = { 'models/m.sql': "select {{ config.require('mine') if execute }}" };
    assert.match(
      faultsOf(() => compileFiles(missing))[0] ?? '',
      /config `mine` is required here and not set/,
    );
  });

  // As dbt-core 1.10.23 compiles it: a config that it knows is none where nobody sets it.
  it('gives the configs that nobody sets the values that dbt gives them', () => {
    const calls = [
      ...["config.get('alias', 'x')", "config.get('mine', 'm')", "config.require('unique_key')"],
      ...["config.get('on_schema_change', 'f')", "config.get('lookback', 7)"],
      ...["config.get('post-hook', 'p')", 'model.config.unique_key', "var('nope', none)"],
    ];
    const files = { 'models/m.sql': `select '${calls.map((it) => `{{ ${it} }}`).join('|')}'` };
    assert.equal(sql(files), "select 'None|m|None|ignore|1|p||None'");
  });

  it('shows the graph of the project while it is compiled', () => {
    const files = {
      'models/a.sql': 'select 1 as id',
      'models/m.sql':
        "{% if execute %}select '{{ graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | map(attribute='name') | join(',') }}', '{{ graph.sources.values() | map(attribute='source_name') | join }}'{% endif %}",
      'models/s.yml': 'sources: [{name: raw, tables: [{name: orders}]}]',
    };
    assert.equal(sql(files), "select 'a,m', 'raw'");
  });

  it('fails for what is not supported, rather than print nothing', () => {
    for (const [call, message] of [
      ['modules.re.template("x")', '`modules.re.template` is not supported'],
      ['modules.os', '`modules.os` is not supported'],
      [
        'adapter.get_partitions_metadata(this)',
        '`adapter.get_partitions_metadata` is not supported',
      ],
      ['run_started_at.astimezone(1)', '`astimezone` of a datetime is not supported'],
      ["toyaml({'a': 'x: y'})", '`toyaml` of the text `x: y` is not supported'],
      ["modules.re.sub('\\\\w', 'x', 'é')", 'not supported on text beyond ASCII'],
      ['builtins.reff("a")', '`builtins` has no `reff`'],
    ] as const) {
      const [fault = ''] = faultsOf(() => compileFiles({ 'models/m.sql': `select {{ ${call} }}` }));
      assert.ok(fault.includes(message), `${call}: ${fault}`);
    }
  });

  it('ends a render with the sentence of the template', () => {
    for (const name of ['raise_compiler_error', 'raise_not_implemented', 'raise_database_error']) {
      const files = { 'models/m.sql': `select 1\n{{ exceptions.${name}('no such thing') }}` };
      assert.deepEqual(
        faultsOf(() => compileFiles(files)),
        ['models/m.sql:2:14: no such thing'],
      );
    }
  });
});
