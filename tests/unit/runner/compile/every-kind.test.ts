// Ephemeral models, snapshots, analyses, hooks and names without quotes. The texts are those that dbt-core
// 1.10.23 compiles of the same files, white space aside; the map of places is ours.

import assert from 'node:assert/strict';
import { placeAt } from '../../../../core/template/source-map.ts';
import { attemptOperation, type HookRun } from '../../../../runner/compile/operations.ts';
import { isSqlNode } from '../../../../runner/compile/types.ts';
import { buildGraph } from '../../../../runner/graph/build-graph.ts';
import { faultsOf } from '../../../support/faults.ts';
import { compileFiles, type Files } from '../../../support/project.ts';

const files: Files = {
  'dbt_project.yml': [
    'name: shop\nprofile: shop\nquoting: {identifier: false}',
    'on-run-start: ["select \'{{ target.name }}\' as started"]',
    'on-run-end:',
    '  - "{% for s in schemas %}select \'{{ s }}\'{% endfor %}"',
    '  - "{% for r in results %}{{ r.node.unique_id }}={{ r.status }} {% endfor %}{{ database_schemas }}"',
  ].join('\n'),
  'models/Base.sql': "select 1 as id, 'a' as name",
  'models/eph_one.sql': [
    "{{ config(materialized='ephemeral') }}",
    '-- a comment with',
    '/* with in /* it */ */',
    "with x as (select * from {{ ref('Base') }}) select * from x -- end",
  ].join('\n'),
  'models/eph_two.sql':
    "{{ config(materialized='ephemeral', alias='Two') }}\nselect * from {{ ref('eph_one') }} union all select * from {{ ref('eph_three') }}",
  'models/eph_three.sql': "{{ config(materialized='ephemeral') }}\nselect * from {{ ref('Base') }}",
  'models/uses.sql': [
    '-- with nothing',
    "with recursive t as (select * from {{ ref('eph_two') }} union all select id + 1, name from t)",
    "select * from t join {{ ref('eph_one') }} using (id) join {{ ref('eph_two') }} as again using (id)",
  ].join('\n'),
  'models/plain.sql':
    "/* head */ select * from {{ ref('eph_three') }} join {{ source('Raw', 'Ships') }} join {{ source('raw2', 'Ships') }} -- {{ this }} {{ this.identifier }}",
  'models/reads_snap.sql':
    "select * from {{ ref('snap_src') }} union all select * from {{ ref('snap_yaml') }}",
  'models/s.yml': [
    'sources:',
    '  - {name: Raw, schema: Landing, tables: [{name: Ships}]}',
    '  - {name: raw2, schema: Landing, quoting: {schema: false}, tables: [{name: Ships}]}',
    'models:',
    "  - {name: eph_two, columns: [{name: id, data_tests: [not_null, {relationships: {to: ref('eph_three'), field: id}}]}]}",
    'snapshots:',
    "  - name: snap_yaml\n    relation: ref('Base')",
    '    config: {strategy: check, unique_key: id, check_cols: all, schema: hist}',
    "  - name: snap_src\n    relation: source('Raw', 'Ships')",
    '    config: {strategy: timestamp, unique_key: [id, name], updated_at: at, target_schema: hist2, alias: Ships_Hist}',
  ].join('\n'),
  'snapshots/old.sql': [
    '{% snapshot snap_block %}',
    "{{ config(strategy='timestamp', unique_key='id', updated_at='at', target_schema='hist', invalidate_hard_deletes=true) }}",
    "select *, current_date as at from {{ ref('eph_three') }} -- {{ this }}",
    '{% endsnapshot %}',
  ].join('\n'),
  'analyses/look.sql': "select count(*) from {{ ref('snap_yaml') }} -- {{ ref('eph_three') }}",
};

const one =
  '__dbt__cte__eph_one as ( -- a comment with /* with in /* it */ */ with x as (select * from "db"."dev".Base) select * from x -- end )';
const three = '__dbt__cte__eph_three as ( select * from "db"."dev".Base )';
const two =
  '__dbt__cte__Two as ( select * from __dbt__cte__eph_one union all select * from __dbt__cte__eph_three )';

describe('runner/compile: every kind of node', () => {
  const { manifest, resolver } = compileFiles(files);
  const sqlOf = (id: string): string => {
    const node = manifest.nodes.get(id);
    assert.ok(isSqlNode(node), id);
    return node.compiledSql.replace(/\s+/g, ' ');
  };

  const cases: Readonly<Record<string, string>> = {
    'model.shop.uses': `-- with nothing with recursive ${one}, ${three}, ${two}, t as (select * from __dbt__cte__Two union all select id + 1, name from t) select * from t join __dbt__cte__eph_one using (id) join __dbt__cte__Two as again using (id)`,
    'model.shop.eph_two': `with ${one}, ${three} select * from __dbt__cte__eph_one union all select * from __dbt__cte__eph_three`,
    'model.shop.plain': `with ${three} /* head */ select * from __dbt__cte__eph_three join "db"."Landing"."Ships" join "db".Landing."Ships" -- "db"."dev".plain plain`,
    'model.shop.reads_snap':
      'select * from "db"."hist2".Ships_Hist union all select * from "db"."dev_hist".snap_yaml',
    'snapshot.shop.snap_block': `with ${three} select *, current_date as at from __dbt__cte__eph_three -- "db"."hist".snap_block`,
    'snapshot.shop.snap_yaml': 'select * from "db"."dev".Base',
    'analysis.shop.look': `with ${three} select count(*) from "db"."dev_hist".snap_yaml -- __dbt__cte__eph_three`,
  };
  for (const [id, sql] of Object.entries(cases)) {
    it(`gives ${id} the SQL that dbt gives it`, () => {
      assert.equal(sqlOf(id), sql);
    });
  }

  it('tests an ephemeral model through its SQL, the arguments read before the model', () => {
    const [test] = [...manifest.nodes.values()].filter((it) => it.name.startsWith('relationships'));
    assert.ok(test);
    assert.match(sqlOf(test.uniqueId), /^with __dbt__cte__eph_three as .*__dbt__cte__eph_one as/);
    assert.deepEqual(test.dependsOn, ['model.shop.eph_three', 'model.shop.eph_two']);
  });

  it('folds a name without quotes for the run as PostgreSQL folds it', () => {
    const base = manifest.nodes.get('model.shop.Base');
    assert.ok(base?.kind === 'model');
    assert.deepEqual(base.relation, { schema: 'dev', identifier: 'base' });
    assert.equal(base.written?.identifier, 'Base');
  });

  it('keeps what a snapshot is configured with', () => {
    const block = manifest.nodes.get('snapshot.shop.snap_block');
    assert.ok(block?.kind === 'snapshot');
    const { strategy, uniqueKey, updatedAt, hardDeletes, relation, fqn } = block;
    assert.deepEqual([strategy, uniqueKey, updatedAt], ['timestamp', ['id'], 'at']);
    assert.deepEqual([hardDeletes, relation.schema], ['invalidate', 'hist']);
    assert.deepEqual(fqn, ['shop', 'old', 'snap_block']);
    const yaml = manifest.nodes.get('snapshot.shop.snap_src');
    assert.deepEqual(yaml?.kind === 'snapshot' && yaml.uniqueKey, ['id', 'name']);
  });

  it('leads from a CTE back to the line of the ephemeral model', () => {
    const uses = manifest.nodes.get('model.shop.uses');
    assert.ok(uses?.kind === 'model');
    const rendered = { text: uses.compiledSql, map: uses.sqlMap };
    const at = (text: string) => placeAt(rendered, uses.compiledSql.indexOf(text));
    assert.deepEqual(at('with x as'), { path: 'models/eph_one.sql', line: 4, column: 1 });
    assert.deepEqual(at('t as (select'), { path: 'models/uses.sql', line: 2, column: 16 });
    assert.deepEqual(at('using (id)'), { path: 'models/uses.sql', line: 3, column: 43 });
  });

  it('tells a circle of ephemeral models as any other', () => {
    const circle = compileFiles({
      'models/a.sql': "{{ config(materialized='ephemeral') }}select * from {{ ref('b') }}",
      'models/b.sql': "{{ config(materialized='ephemeral') }}select * from {{ ref('a') }}",
    });
    assert.match(faultsOf(() => buildGraph(circle.manifest))[0] ?? '', /circle|cycle/i);
  });

  it('renders hooks at the start, and at the end with what came of the run', () => {
    const [start, end, results] = manifest.operations ?? [];
    assert.equal(start?.uniqueId, 'operation.shop.shop-on-run-start-0');
    assert.equal(start.compiledSql, "select 'dev' as started");
    assert.ok(end && results);
    const result = { message: null, failures: null, execution_time: 0.5, thread_id: 'Thread-1' };
    const run: HookRun = {
      schemas: ['dev'],
      results: [{ ...result, node: { unique_id: 'model.shop.a' }, status: 'success' }],
    };
    const textOf = (operation: typeof end) => {
      const tried = attemptOperation(resolver, operation, run, new Map());
      return tried.kind === 'done' ? tried.value.text : tried;
    };
    assert.equal(textOf(end), "select 'dev'");
    assert.equal(textOf(results), "model.shop.a=success [('db', 'dev')]");
  });

  it('finds a slip in a hook before anything is built', () => {
    const wrong = {
      'dbt_project.yml': 'name: shop\nprofile: shop\non-run-start: "{{ taget.name }}"\n',
    };
    assert.deepEqual(
      faultsOf(() => compileFiles(wrong)),
      ['dbt_project.yml:3:4: unknown name `taget` (did you mean `target`?)'],
    );
  });
});
