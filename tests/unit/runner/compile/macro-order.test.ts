// Which macro a name means, and which vars a package sees: every expected text is dbt-core 1.10's own.

import assert from 'node:assert/strict';
import { compileProject } from '../../../../runner/compile/compile-project.ts';
import type { ParsedProject } from '../../../../runner/project/types.ts';
import { faultsOf } from '../../../support/faults.ts';
import { type Files, parseFiles, testInputs } from '../../../support/project.ts';

const tools = `
{% macro star(x) %}{{ return(adapter.dispatch('star', 'tools')(x)) }}{% endmacro %}
{% macro default__star(x) %}tools_default({{ x }}){% endmacro %}
{% macro both() %}tools_both{% endmacro %}
{% macro calls_both() %}{{ both() }}|{{ tools.both() }}{% endmacro %}
{% macro over() %}{{ return(adapter.dispatch('over', 'tools')()) }}{% endmacro %}
{% macro default__over() %}tools_over{% endmacro %}
{% macro hash(x) %}tools_hash({{ x }}){% endmacro %}
{% macro calls_hash() %}{{ hash('a') }}|{{ dbt.hash('a') }}|{{ tools.hash('a') }}{% endmacro %}
{% macro alone() %}tools_alone{% endmacro %}
{% macro calls_alone() %}{{ alone() }}{% endmacro %}
{% macro readvar() %}{{ var('color') }}{% endmacro %}
{% macro generate_alias_name(custom_alias_name=none, node=none) %}pkg_{{ node.name }}{% endmacro %}
{% macro broken() %}
  {{ nope }}
{% endmacro %}
`;

const root = `
{% macro both() %}root_both{% endmacro %}
{% macro postgres__over() %}root_over_pg{% endmacro %}
{% macro default__concat(fields) %}root_concat{% endmacro %}
{% macro date_trunc(a, b) %}root_trunc{% endmacro %}
{% macro ref(name) %}{{ return(builtins.ref('a1' if name == 'zz' else name)) }}{% endmacro %}
`;

const projectFile = `
name: shop
profile: shop
vars:
  color: root_global
  tools: {size: set_by_root}
dispatch:
  - macro_namespace: tools
    search_order: [shop, tools]
`;

/** A project with a package: its macros, a model and vars. */
function withPackage(files: Files): ParsedProject {
  const parsed = parseFiles({ 'dbt_project.yml': projectFile, 'macros/r.sql': root, ...files });
  const [first] = parsed.models;
  assert.ok(first);
  return {
    ...parsed,
    macroFiles: [...parsed.macroFiles, { packageName: 'tools', path: 'tools/m.sql', text: tools }],
    models: parsed.models.map((model) =>
      model.name === 'pm' ? { ...model, packageName: 'tools' } : model,
    ),
    packages: [
      {
        ...parsed.file,
        name: 'tools',
        vars: { color: 'pkg_global', size: 'pkg_size', shape: 'pkg_shape' },
      },
    ],
  };
}

function compiled(files: Files, id: string): string {
  const { manifest } = compileProject(withPackage(files), testInputs);
  const node = manifest.nodes.get(id);
  assert.ok(node?.kind === 'model');
  return node.compiledSql.replace(/\s+/g, ' ');
}

describe('runner/compile, the order of macros', () => {
  const cases: readonly (readonly [string, string])[] = [
    ["tools.star('x')", 'tools_default(x)'],
    ['both()', 'root_both'],
    ['tools.both()', 'tools_both'],
    ['tools.calls_both()', 'root_both|tools_both'],
    ['tools.over()', 'root_over_pg'],
    ["dbt.concat(['a', 'b'])", 'root_concat'],
    ["concat(['a', 'b'])", 'root_concat'],
    ["date_trunc('x', 'y')", 'root_trunc'],
    ["dbt.date_trunc('x', 'y')", "date_trunc('x', y)"],
    ['tools.calls_hash()', 'md5(cast(a as TEXT))|md5(cast(a as TEXT))|tools_hash(a)'],
    ["hash('z')", 'md5(cast(z as TEXT))'],
    ['tools.readvar()', 'root_global'],
    ["ref('zz')", '"db"."dev"."a1"'],
    ["ref('a1')", '"db"."dev"."a1"'],
    ["adapter.dispatch('star', macro_namespace='tools')('q')", 'tools_default(q)'],
    ["adapter.dispatch('over', 'unknown_ns')()", 'root_over_pg'],
    ['tools.nope is defined', 'False'],
    ["var('size') if var.has_var('size') else 'unset'", 'unset'],
  ];
  for (const [call, text] of cases) {
    it(`gives \`${text}\` for \`${call}\` in the project`, () => {
      const files = { 'models/a1.sql': 'select 1', 'models/m.sql': `select [[{{ ${call} }}]]` };
      assert.equal(compiled(files, 'model.shop.m'), `select [[${text}]]`);
    });
  }

  it('lets a model of a package see its own macros, vars and naming first', () => {
    const text =
      '{{ both() }} {{ calls_both() }} {{ var("color") }} {{ var("size") }} {{ var("shape") }} ' +
      '{{ calls_hash() }} {{ date_trunc("a", "b") }} {{ this }}';
    assert.equal(
      compiled({ 'models/pm.sql': `select ${text}` }, 'model.tools.pm'),
      'select tools_both tools_both|tools_both root_global set_by_root pkg_shape ' +
        'tools_hash(a)|md5(cast(a as TEXT))|tools_hash(a) root_trunc "db"."dev"."pkg_pm"',
    );
  });

  it('lets a macro of a package call its neighbour where nothing else has the name', () => {
    const files = { 'models/m.sql': 'select [[{{ tools.calls_alone() }}]]' };
    assert.equal(compiled(files, 'model.shop.m'), 'select [[tools_alone]]');
  });

  it('names what dispatch looked for', () => {
    const files = { 'models/m.sql': "select {{ adapter.dispatch('nope', 'tools')() }}" };
    assert.deepEqual(
      faultsOf(() => compileProject(withPackage(files), testInputs)),
      [
        'models/m.sql:1:18: `adapter.dispatch` finds no macro `nope` (it looked for ' +
          'shop.postgres__nope, shop.default__nope, tools.postgres__nope, tools.default__nope)',
      ],
    );
  });

  it('names the line and the calls of a fault in a package’s macro', () => {
    const files = { 'models/m.sql': 'select\n  {{ tools.broken() }}' };
    const [fault = ''] = faultsOf(() => compileProject(withPackage(files), testInputs));
    assert.match(fault, /^tools\/m\.sql:15:6: unknown name `nope`/);
    assert.match(fault, /in macro `broken` .*called from models\/m\.sql:2:11/);
  });
});
