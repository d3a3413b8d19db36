import assert from 'node:assert/strict';
import { resolveConfig } from '../../../../runner/compile/config.ts';
import { parseProject } from '../../../../runner/project/parse-project.ts';
import { parseProjectFile } from '../../../../runner/project/project-file.ts';
import type { ParsedModel, SourceFile } from '../../../../runner/project/types.ts';
import { faultsOf } from '../../../support/faults.ts';
import { compileFiles, type Files, parseFiles, testInputs } from '../../../support/project.ts';

const head = 'name: shop\nprofile: shop\n';

function modelOf(files: Files, name: string, version?: number): ParsedModel {
  const found = parseFiles(files).models.find(
    (model) => model.name === name && model.version === version,
  );
  assert.ok(found);
  return found;
}

describe('runner/project: kinds of nodes', () => {
  it('reads every kind of node that dbt has, and keeps what later stages need of it', () => {
    const project = parseFiles({
      'dbt_project.yml': `${head}exposures: {+enabled: true}\nunit_tests: {+tags: ut}\n`,
      'models/a.sql': 'select 1 as id',
      'models/s.yml': [
        'groups: [{name: finance, owner: {email: a@b.c, slack: "#x"}, config: {meta: {k: 1}}}]',
        'exposures:',
        '  - name: weekly',
        '    type: dashboard',
        '    owner: {name: Me}',
        "    depends_on: [ref('a')]".replace("ref('a')", '"ref(\'a\')"'),
        'unit_tests:',
        '  - name: adds_up',
        '    model: a',
        '    overrides: {vars: {x: 1}}',
        '    given: [{input: "ref(\'b\')", rows: [{id: 1}]}]',
        '    expect: {format: csv, rows: "id"}',
        'macros: [{name: cents, arguments: [{name: x, type: integer}]}]',
        "semantic_models: [{name: sm, model: ref('a'), entities: [{name: id, type: primary}]}]",
        'metrics: [{name: n, label: N, type: simple, type_params: {measure: n}}]',
        'saved_queries: [{name: q, query_params: {metrics: [n]}}]',
        'snapshots: [{name: by_yaml, relation: "ref(\'a\')", config: {strategy: check, check_cols: all}}]',
        'analyses: [{name: look, description: a look}]',
      ].join('\n'),
      'snapshots/s.sql': '{% snapshot by_block %}select 1{% endsnapshot %}',
      'analyses/look.sql': 'select 1',
      'tests/fixtures/rows.csv': 'id\n1\n',
    });
    assert.deepEqual(project.groups[0]?.owner, { email: 'a@b.c', slack: '#x' });
    assert.deepEqual(project.groups[0]?.meta, { k: 1 });
    assert.equal(project.exposures[0]?.dependsOn[0]?.call, "ref('a')");
    const [unitTest] = project.unitTests;
    assert.deepEqual(unitTest?.fqn, ['shop', 'a', 'adds_up']);
    assert.deepEqual(unitTest?.overrides, { macros: {}, vars: { x: 1 }, env_vars: {} });
    assert.deepEqual(unitTest?.given[0]?.rows, [{ id: 1 }]);
    assert.equal(unitTest?.expect.format, 'csv');
    assert.deepEqual(
      project.snapshots.map(({ name, rawSql, fqn }) => ({ name, rawSql, fqn })),
      [
        { name: 'by_block', rawSql: 'select 1', fqn: ['shop', 's', 'by_block'] },
        { name: 'by_yaml', rawSql: "select * from {{ ref('a') }}", fqn: ['shop', 'by_yaml'] },
      ],
    );
    assert.equal(project.analyses[0]?.properties?.description, 'a look');
    assert.deepEqual(project.analyses[0]?.fqn, ['shop', 'analysis', 'look']);
    assert.deepEqual(
      project.semantic.map(({ kind, name }) => `${kind} ${name}`),
      ['semantic-model sm', 'metric n', 'saved-query q'],
    );
    assert.deepEqual(project.semantic[0]?.entry['entities'], [{ name: 'id', type: 'primary' }]);
    assert.deepEqual(project.macroProperties[0]?.arguments[0]?.name, 'x');
    assert.equal(project.fixtures[0]?.name, 'rows');
    assert.deepEqual(project.warnings, []);
  });

  it('compiles a project that merely holds exposures, groups, analyses, docs and a metric', () => {
    const { manifest } = compileFiles({
      'models/a.sql': 'select 1 as id',
      'models/d.md': '{% docs x %}X{% enddocs %}',
      'models/s.yml': [
        'groups: [{name: g, owner: {name: Me}}]',
        'exposures: [{name: e, type: ml, owner: {name: Me}}]',
        'metrics: [{name: n, label: N, type: simple, type_params: {measure: n}}]',
      ].join('\n'),
      'analyses/look.sql': 'select 1',
    });
    assert.deepEqual([...manifest.nodes.keys()], ['analysis.shop.look', 'model.shop.a']);
  });

  it('keeps a model that it cannot build in the manifest, with the reasons not to', () => {
    const { manifest } = compileFiles({
      'models/a.sql': "{{ config(materialized='own_kind', unique_key='id') }} select 1 as id",
    });
    const reasons = (name: string) =>
      manifest.nodes.get(`model.shop.${name}`)?.refusals?.map(({ message }) => message);
    assert.deepEqual(reasons('a'), [
      'there is no materialization `own_kind`: there are `view`, `table`, `incremental`, `materialized_view` and `ephemeral`, and those that the project defines',
    ]);
  });

  it('gives each version of a model its file, its columns and its tests', () => {
    const files = {
      'models/dim_v1.sql': 'select 1',
      'models/dim_new.sql': 'select 2',
      'models/s.yml': [
        'models:',
        '  - name: dim',
        '    columns:',
        '      - {name: id, data_tests: [unique]}',
        '      - {name: old, data_tests: [not_null]}',
        '    versions:',
        '      - {v: 1, config: {materialized: table}}',
        '      - v: 2',
        '        defined_in: dim_new',
        '        columns:',
        '          - {include: all, exclude: [old]}',
        '          - {name: fresh, data_tests: [not_null]}',
      ].join('\n'),
    };
    const first = modelOf(files, 'dim', 1);
    const second = modelOf(files, 'dim', 2);
    assert.deepEqual([first.path, second.path], ['models/dim_v1.sql', 'models/dim_new.sql']);
    assert.deepEqual(second.fqn, ['shop', 'dim', 'v2']);
    assert.equal(first.latestVersion, 2);
    const names = (model: ParsedModel) => model.properties?.columns.map(({ name }) => name);
    assert.deepEqual(
      [names(first), names(second)],
      [
        ['id', 'old'],
        ['id', 'fresh'],
      ],
    );
    // As dbt 1.10 names them.
    assert.deepEqual(
      parseFiles(files).genericTests.map(({ name }) => name),
      ['unique_dim_v1_id', 'not_null_dim_v1_old', 'unique_dim_v2_id', 'not_null_dim_v2_fresh'],
    );
  });

  it('puts docs blocks in place of `doc` in descriptions of models, columns and sources', () => {
    const project = parseFiles({
      'models/a.sql': 'select 1',
      'models/d.md': '# Notes\n{% docs key %}\nThe key.\n{% enddocs %}\n',
      'models/s.yml': [
        'models:',
        '  - name: a',
        '    description: "{{ doc(\'key\') }}"',
        "    columns: [{name: id, description: \"See: {{ doc('shop', 'key') }}\"}]",
        'sources: [{name: raw, description: "{{ doc(\'key\') }}", tables: [{name: t}]}]',
      ].join('\n'),
    });
    const described = project.models[0]?.properties;
    assert.equal(described?.description, 'The key.');
    assert.equal(described?.columns[0]?.description, 'See: The key.');
    assert.equal(project.sources[0]?.sourceDescription, 'The key.');
  });

  it('gives tests the tags of their column and of their source', () => {
    const project = parseFiles({
      'models/a.sql': 'select 1',
      'models/s.yml': [
        'models: [{name: a, tags: m, columns: [{name: id, config: {tags: [key]}, tests: [unique]}]}]',
        'sources: [{name: raw, tags: [s], tables: [{name: t, tags: [u], data_tests: [full]}]}]',
      ].join('\n'),
    });
    const tags = project.genericTests.map((test) => resolveConfig('test', test.layers, [])?.tags);
    assert.deepEqual(tags, [['key'], ['s', 'u']]);
  });
});

describe('runner/project: templates in YAML', () => {
  it('renders dbt_project.yml with target, --vars and env_var, and gives values their types', () => {
    const files = {
      'dbt_project.yml': [
        head,
        'models:',
        '  +enabled: "{{ target.name == \'prod\' }}"',
        "  +schema: \"{{ env_var('S', 'none') }}_{{ var('v') }}\"",
        'on-run-start: "select {{ not_rendered_here }}"',
      ].join('\n'),
      'models/a.sql': 'select 1',
    };
    const target = { ...testInputs.target, name: 'prod' };
    const project = parseFiles(files, { target, vars: { v: 7 }, env: { S: 'x' } });
    assert.deepEqual(project.models[0]?.layers[0]?.values, { enabled: true, schema: 'x_7' });
    assert.equal(project.file.onRunStart[0]?.sql, 'select {{ not_rendered_here }}');
    assert.deepEqual(parseFiles(files, { vars: { v: 7 } }).models[0]?.layers[0]?.values, {
      enabled: false,
      schema: 'none_7',
    });
  });

  it('renders property files with the vars of the project, those of vars.yml and of --vars', () => {
    const files = {
      'vars.yml': 'vars: {alias: one, shop: {schema: two}}\n',
      'models/a.sql': 'select 1',
      'models/s.yml':
        'models: [{name: a, config: {alias: "{{ var(\'alias\') }}", schema: "{{ var(\'schema\') }}"}}]',
    };
    const values = (vars = {}) => parseFiles(files, { vars }).models[0]?.layers.at(-1)?.values;
    assert.deepEqual(values(), { alias: 'one', schema: 'two' });
    assert.deepEqual(values({ alias: 'three' }), { alias: 'three', schema: 'two' });
  });

  it('leaves alone what is rendered later: tests, hooks, filters, unit tests', () => {
    const project = parseFiles({
      'models/a.sql': 'select 1',
      'models/s.yml': [
        'models:',
        '  - name: a',
        '    config: {pre_hook: "{{ hook() }}"}',
        '    data_tests: [{fits: {arguments: {than: "{{ later() }}"}}}]',
        'metrics:',
        '  - {name: n, type: simple, type_params: {measure: n}, filter: "{{ Dimension(\'a__b\') }}"}',
        'unit_tests: [{name: u, model: a, expect: {rows: [{id: "{{ later() }}"}]}}]',
      ].join('\n'),
    });
    assert.deepEqual(project.genericTests[0]?.args, { than: '{{ later() }}' });
    assert.deepEqual(project.models[0]?.layers.at(-1)?.values['pre-hook'], [
      { sql: '{{ hook() }}', transaction: true },
    ]);
    assert.equal(project.semantic[0]?.entry['filter'], "{{ Dimension('a__b') }}");
  });
});

describe('runner/project: packages', () => {
  const source = (path: string, packageName: string, text: string): SourceFile => ({
    kind: path.endsWith('.yml') ? 'properties' : 'model',
    path,
    pathInFolder: path.replace(/^.*models\//, ''),
    packageName,
    text,
  });
  const dep = parseProjectFile({
    path: 'dbt_packages/dep/dbt_project.yml',
    project: 'name: dep\nmodels: {+schema: own, +alias: x}\nvars: {v: own, w: own}\n',
  });

  it('have their own configs and vars, which those of the project win over', () => {
    const root = parseProjectFile(
      `${head}models: {dep: {+schema: given}}\nvars: {dep: {v: given}}\n`,
    );
    const files = [
      source('dbt_packages/dep/models/m.sql', 'dep', 'select 1'),
      source(
        'dbt_packages/dep/models/s.yml',
        'dep',
        'models: [{name: m, squad: blue, config: {database: \'{{ var("v") ~ var("w") }}\'}}]',
      ),
      source('models/m.sql', 'shop', 'select 2'),
    ];
    const project = parseProject(root, files, { packages: [dep] });
    const [theirs, own] = project.models;
    assert.deepEqual(
      theirs?.layers.map(({ values }) => values),
      [{ schema: 'own', alias: 'x' }, { schema: 'given' }, { database: 'givenown' }],
    );
    assert.deepEqual([own?.packageName, own?.layers], ['shop', []]);
    // A key that nobody knows is the package's affair.
    assert.deepEqual(project.warnings, []);
  });

  it('have sources that an entry with `overrides` changes', () => {
    const root = parseProjectFile(head);
    const files = [
      source('dbt_packages/dep/models/s.yml', 'dep', 'sources: [{name: raw, tables: [{name: t}]}]'),
      source(
        'models/o.yml',
        'shop',
        'sources: [{name: raw, overrides: dep, schema: mine, tables: [{name: t, identifier: T}]}]',
      ),
    ];
    const sources = parseProject(root, files, { packages: [dep] }).sources;
    assert.deepEqual(
      sources.map(({ packageName, schema, identifier }) => [packageName, schema, identifier]),
      [['dep', 'mine', 'T']],
    );
  });
});

describe('runner/project: entries without a file', () => {
  const files = (flags: string): Files => ({
    'dbt_project.yml': head + flags,
    'models/a.sql': 'select 1',
    'models/s.yml':
      'models: [{name: long_gone, data_tests: [full], columns: [{name: x, tests: [unique]}]}]',
  });
  const expected = '`long_gone` is described here, but there is no such file';

  it('are warned of, and their tests are no tests', () => {
    const { warnings, genericTests } = parseFiles(files(''));
    assert.deepEqual(
      warnings.map(({ message }) => message),
      [expected],
    );
    assert.deepEqual(genericTests, []);
  });

  it('are warned of with the name that was meant, where a file has nearly theirs', () => {
    const { warnings } = parseFiles({ ...files(''), 'models/long_gnoe.sql': 'select 1' });
    assert.deepEqual(
      warnings.map(({ message, hint }) => `${message} (${hint})`),
      [`${expected} (did you mean \`long_gnoe\`?)`],
    );
  });

  it('are errors under the flag `runner_strict`', () => {
    assert.deepEqual(
      faultsOf(() => parseFiles(files('flags: {runner_strict: true}\n'))),
      [
        `models/s.yml:1:17: ${expected} (add the file below the folder of models, or remove the entry)`,
      ],
    );
  });
});

describe('runner/project: folders of dbt_project.yml', () => {
  const files = (flags: string): Files => ({
    'dbt_project.yml': `${head}${flags}models: {gold: {+tags: a}, shop: {sliver: {+tags: b}, gold: {+tags: c}}}\n`,
    'models/gold/a.sql': 'select 1',
    'models/silver/b.sql': 'select 1',
  });
  const expected = [
    'the configs of `models.gold` hold for nothing (put it below `shop:`)',
    'the configs of `models.shop.sliver` hold for nothing (did you mean `silver`?)',
  ];

  it('that hold for no node are warned of', () => {
    const { warnings } = parseFiles(files(''));
    assert.deepEqual(
      warnings.map(({ message, hint }) => `${message} (${hint})`),
      expected,
    );
  });

  it('that hold for no node are errors under the flag `runner_strict`', () => {
    assert.deepEqual(
      faultsOf(() => parseFiles(files('flags: {runner_strict: true}\n'))),
      [`dbt_project.yml:4:10: ${expected[0]}`, `dbt_project.yml:4:35: ${expected[1]}`],
    );
  });
});

describe('runner/project: keys that nobody knows', () => {
  const files = (flags: string): Files => ({
    'dbt_project.yml': `${head}${flags}models: {+colour_scheme: red}\n`,
    'models/a.sql': "{{ config(my_own='x') }} select '{{ config.get('my_own') }}' as one",
    'models/s.yml': 'models: [{name: a, steward: me, config: {squad: blue, cluster_by: id}}]',
  });

  it('are warnings, and `config.get` answers for those of the user', () => {
    const { manifest } = compileFiles(files(''));
    const node = manifest.nodes.get('model.shop.a');
    assert.ok(node?.kind === 'model');
    assert.equal(node.compiledSql, "select 'x' as one");
    const warnings = parseFiles(files('')).warnings.map(({ message }) => message);
    assert.deepEqual(warnings, [
      'unknown key `steward` in `models.0`',
      'unknown key `squad` in `models.0.config`',
      'unknown config `colour_scheme`',
    ]);
  });

  it('are errors under the flag `runner_strict`', () => {
    const strict = 'flags: {runner_strict: true}\n';
    const hint = '(keys of your own belong under `meta`)';
    assert.deepEqual(
      faultsOf(() => compileFiles(files(strict))),
      [
        `dbt_project.yml:4:10: unknown config \`colour_scheme\` ${hint}`,
        `models/s.yml:1:20: unknown key \`steward\` in \`models.0\` ${hint}`,
        `models/s.yml:1:42: unknown key \`squad\` in \`models.0.config\` ${hint}`,
      ],
    );
    const inFile = {
      'dbt_project.yml': head + strict,
      'models/a.sql': "{{ config(my_own='x') }} select 1",
    };
    assert.deepEqual(
      faultsOf(() => compileFiles(inFile)),
      [`models/a.sql:1:4: unknown config \`my_own\` ${hint}`],
    );
  });
});
