import assert from 'node:assert/strict';
import { placeAt } from '../../../../core/template/source-map.ts';
import type { Answer, Answers } from '../../../../runner/compile/answers.ts';
import { attemptInline } from '../../../../runner/compile/compile-inline.ts';
import {
  type Compilation,
  compileProject,
  prepareCompilation,
} from '../../../../runner/compile/compile-project.ts';
import { faultsOf } from '../../../support/faults.ts';
import { compileFiles, type Files, parseFiles, testInputs } from '../../../support/project.ts';

const TEXT = 25;

function rows(columns: readonly string[], ...values: (string | null)[][]): Answer {
  return {
    status: 'rows',
    columns: columns.map((name) => ({ name, typeId: TEXT })),
    rows: values,
  };
}

/** Compiles in rounds, answering each question from the map, and tells what was asked in each. */
function compileInRounds(files: Files, known: Answers) {
  const logged: string[] = [];
  const compilation = prepareCompilation(parseFiles(files), testInputs, (it) => logged.push(it));
  const { turn } = lateTurn(compilation);
  const answers = new Map<string, Answer>();
  const asked: string[][] = [];
  for (;;) {
    const tried = turn(answers);
    if (tried.kind === 'done') return { nodes: tried.value, asked, logged };
    asked.push(tried.questions.map((question) => question.sql));
    for (const { sql } of tried.questions) {
      const answer = known.get(sql);
      assert.ok(answer, sql);
      answers.set(sql, answer);
    }
  }
}

/** One turn of all late nodes. */
function lateTurn({ project, finish }: Compilation) {
  const late = [...project.manifest.nodes.values()].filter((node) => node.isLate);
  return {
    late,
    turn: finish(
      late.map(({ uniqueId: id }) => ({ id })),
      ['model.shop.chosen'],
    ),
  };
}

function sqlOf(compiled: ReturnType<typeof compileInRounds>, name: string): string {
  const node = compiled.nodes.get(`model.shop.${name}`);
  assert.ok(node?.kind === 'model');
  return node.compiledSql.replace(/\s+/g, ' ');
}

const pivot = [
  "{% set names = run_query('select name from people').columns[0].values() if execute else [] %}",
  "select {% for n in names %}'{{ n }}'{{ ', ' if not loop.last }}{% endfor %}",
].join('\n');

describe('runner/compile, questions to the database', () => {
  it('asks, and renders again with the answer', () => {
    const known = new Map([['select name from people', rows(['name'], ['ann'], ['bob'])]]);
    const compiled = compileInRounds({ 'models/m.sql': pivot }, known);
    assert.deepEqual(compiled.asked, [['select name from people']]);
    assert.equal(sqlOf(compiled, 'm'), "select 'ann', 'bob'");
  });

  it('asks one question of many nodes once, and of one node one after the other', () => {
    const chain = [
      "{% if execute %}{% set a = run_query('select a')[0][0] %}",
      "{% set b = run_query('select ' ~ run_query('select a').rows[0].a).rows[0][0] %}{% endif %}",
      "select '{{ b }}'",
    ].join('');
    const known = new Map([
      ['select name from people', rows(['name'], ['ann'])],
      ['select a', rows(['a'], ['b'])],
      ['select b', rows(['b'], ['c'])],
    ]);
    const files = {
      'models/l.sql': pivot,
      'models/m.sql': pivot,
      'models/n.sql': chain.replace("run_query('select a')[0][0]", "'x'"),
    };
    const compiled = compileInRounds(files, known);
    assert.deepEqual(compiled.asked, [['select name from people', 'select a'], ['select b']]);
    assert.equal(sqlOf(compiled, 'n'), "select 'c'");
  });

  it('logs once, however often a template is rendered', () => {
    const known = new Map([['select name from people', rows(['name'], ['ann'])]]);
    const text = `{{ print('hello') if execute }}${pivot}`;
    assert.deepEqual(compileInRounds({ 'models/m.sql': text }, known).logged, ['hello']);
  });

  it('gives the same bytes for the same answers', () => {
    const known = new Map([['select name from people', rows(['name'], ['ann'], ['bob'])]]);
    const bytes = () =>
      JSON.stringify([...compileInRounds({ 'models/m.sql': pivot }, known).nodes]);
    assert.equal(bytes(), bytes());
  });

  it('asks nothing while nothing is executed, and gives empty values', () => {
    const text = [
      "{% set t = run_query('select 1') %}{% set l = load_result('x') %}",
      "{% set r = adapter.get_relation('db', 's', 'i') %}",
      '{% set c = adapter.get_columns_in_relation(this) %}',
      "{% if not execute %}{{ config(alias='a_' ~ t.columns[0].values() | length ~ (r is none) ~ c ~ l.table.rows | length) }}{% endif %}",
      'select 1',
    ].join('');
    const relations =
      "select c.relname::text, case c.relkind when 'v' then 'view' when 'm' then 'materialized_view' else 'table' end::text";
    const compilation = prepareCompilation(
      parseFiles({ 'models/m.sql': text }),
      testInputs,
      () => undefined,
    );
    const { turn } = lateTurn(compilation);
    const first = turn(new Map());
    assert.ok(first.kind === 'questions');
    const second = turn(new Map([['select 1', rows(['a'], ['1'])]]));
    assert.ok(second.kind === 'questions');
    assert.equal(second.questions[0]?.sql.split('\n')[0], relations);
  });

  it('tells a failed query at the place of its call, with the query', () => {
    const known: Answers = new Map([
      [
        'select name from people',
        { status: 'failed', message: 'there is no such table', hint: 'look' },
      ],
    ]);
    assert.deepEqual(
      faultsOf(() => compileInRounds({ 'models/m.sql': pivot }, known)),
      ['models/m.sql:1:16: there is no such table (look)'],
    );
  });

  const writes: readonly (readonly [string, string])[] = [
    [
      "run_query('delete from people')",
      'a query of a template may only read, and this one begins with `delete`',
    ],
    [
      "run_query('-- a note\\n/* x */ DROP table people')",
      'a query of a template may only read, and this one begins with `DROP`',
    ],
    [
      "adapter.create_schema(api.Relation.create(schema='x'))",
      '`adapter.create_schema` changes the database, which compiling does not',
    ],
    [
      'adapter.drop_relation(this)',
      '`adapter.drop_relation` changes the database, which compiling does not',
    ],
  ];
  for (const [call, message] of writes) {
    it(`refuses \`${call}\``, () => {
      const files = { 'models/m.sql': `select 1 {% do ${call} %}` };
      const [fault = ''] = faultsOf(() => compileFiles(files));
      assert.ok(fault.startsWith('models/m.sql:1:'), fault);
      assert.ok(fault.includes(message), fault);
    });
  }

  it('says that a database is needed where none is at hand', () => {
    assert.throws(
      () => compileProject(parseFiles({ 'models/m.sql': pivot }), testInputs),
      /a template asks the database: `select name from people`/,
    );
  });

  it('knows what a late node reads before anything is asked', () => {
    const files = {
      'models/a.sql': 'select 1 as id',
      'models/m.sql': `-- {{ ref('a') }}\n${pivot}`,
      'models/s.yml': 'models: [{name: a, data_tests: [asks]}]',
      'macros/t.sql': `{% test asks(model) %}${pivot} from {{ model }}{% endtest %}`,
    };
    const { late } = lateTurn(prepareCompilation(parseFiles(files), testInputs, () => undefined));
    assert.deepEqual(
      late.map(({ name, dependsOn }) => [name, dependsOn]),
      [
        ['m', ['model.shop.a']],
        ['asks_a_', ['model.shop.a']],
      ],
    );
  });

  it('refuses a ref that is met only once the database has answered', () => {
    const known = new Map([['select name from people', rows(['name'], ['a'])]]);
    const text = `{% if execute %}{{ ref(run_query('select name from people').rows[0][0]) }}{% endif %}`;
    assert.deepEqual(
      faultsOf(() => compileInRounds({ 'models/a.sql': 'select 1', 'models/m.sql': text }, known)),
      [
        "models/m.sql:1:20: `ref('a')` is met only once the database is asked, too late to build it first " +
          "(name it before that: write `-- depends_on: {{ ref('a') }}` into the file)",
      ],
    );
    const hinted = `-- depends_on: {{ ref('a') }}\n${text}`;
    const files = { 'models/a.sql': 'select 1', 'models/m.sql': `select * from ${hinted}` };
    assert.equal(
      sqlOf(compileInRounds(files, known), 'm'),
      'select * from -- depends_on: "db"."dev"."a" "db"."dev"."a"',
    );
  });

  it('tells the chosen nodes once they are chosen', () => {
    const text = "select '{{ selected_resources | join(',') }}' as chosen";
    const compiled = compileInRounds({ 'models/m.sql': text }, new Map());
    assert.equal(sqlOf(compiled, 'm'), "select 'model.shop.chosen' as chosen");
  });

  it('reads the stage of one parent in a late test, and keeps the published name in its compiled SQL', () => {
    const files = {
      'models/a.sql': 'select 1 as id',
      'models/s.yml': 'models: [{name: a, data_tests: [asks]}]',
      'macros/t.sql':
        "{% test asks(model) %}select '{{ run_query('select 1').rows[0][0] if execute }}' from {{ model }} x{% endtest %}",
    };
    const compilation = prepareCompilation(parseFiles(files), testInputs, () => undefined);
    const { late } = lateTurn(compilation);
    const id = late[0]?.uniqueId ?? '';
    const turn = compilation.finish([{ id, staged: 'model.shop.a' }], []);
    const tried = turn(new Map([['select 1', rows(['a'], ['7'])]]));
    const node = tried.kind === 'done' ? tried.value.get(id) : undefined;
    assert.ok(node?.kind === 'test');
    assert.equal(node.compiledSql, `select '7' from "db"."dev"."a" x`);
    assert.match(
      node.stagedSql['model.shop.a'] ?? '',
      /^select '7' from "db"\."dev"\."a__staged_[0-9a-f]{12}" x$/,
    );
    const at = (text: string) =>
      placeAt({ text: node.compiledSql, map: node.sqlMap }, node.compiledSql.indexOf(text));
    assert.deepEqual(at(' x'), { path: 'macros/t.sql', line: 1, column: 98 });
  });

  it('answers inline queries in the same way', () => {
    const { resolver } = compileFiles({ 'models/m.sql': 'select 1' });
    const source = { path: '--inline', text: "select {{ run_query('select a').rows[0]['a'] }}" };
    assert.deepEqual(attemptInline(resolver, source, new Map()), {
      kind: 'questions',
      questions: [{ sql: 'select a' }],
    });
    const done = attemptInline(resolver, source, new Map([['select a', rows(['a'], ['7'])]]));
    assert.equal(done.kind === 'done' ? done.value.text : '', 'select 7');
  });

  it('prints nothing of a result as a whole', () => {
    const known = new Map([['select a', rows(['a'], ['1'])]]);
    const files = { 'models/m.sql': "select {{ run_query('select a') }}" };
    assert.match(
      faultsOf(() => compileInRounds(files, known))[0] ?? '',
      /the result of a query cannot be printed/,
    );
  });
});
