import assert from 'node:assert/strict';
import fc from 'fast-check';
import { UserError } from '../../../../core/errors.ts';
import { parseTemplate } from '../../../../core/template/parse.ts';
import {
  type Captured,
  captureByRendering,
  captureNode,
} from '../../../../runner/compile/capture.ts';
import type { ProjectFacts } from '../../../../runner/compile/context.ts';
import type { ParsedModel } from '../../../../runner/project/types.ts';
import { compileFiles, parseFiles, testInputs } from '../../../support/project.ts';

const macros =
  "{% macro quiet() %}1{% endmacro %}{% macro sneaky() %}{{ config(tags=['x']) }}{% endmacro %}";
const properties = 'name: shop\nprofile: shop\nvars: {day: monday, days: [a, b]}\n';

function factsOf(extra = ''): ProjectFacts {
  return compileFiles(
    {
      'dbt_project.yml': properties,
      'macros/m.sql': macros + extra,
    },
    { ...testInputs, env: { HOME_TOWN: 'Bern' } },
  ).resolver.facts;
}

function nodeOf(rawSql: string): ParsedModel {
  const [node] = parseFiles({ 'models/m.sql': rawSql }).models;
  assert.ok(node);
  return node;
}

/** What the rest of the program sees of a capture, or the error. */
function seen(capture: () => Captured): unknown {
  try {
    const { layer, reads } = capture();
    const keys = Object.keys(layer.values);
    return { values: layer.values, places: keys.map((key) => layer.placeOf(key)), reads };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { message: error.message, where: error.where };
  }
}

const facts = factsOf();

function isStatic(rawSql: string, given = facts): boolean {
  return captureNode(given, nodeOf(rawSql)).isStatic;
}

function assertSame(rawSql: string): void {
  const node = nodeOf(rawSql);
  assert.deepEqual(
    seen(() => captureNode(facts, node)),
    seen(() => captureByRendering(facts, node, parseTemplate({ path: node.path, text: rawSql }))),
    rawSql,
  );
}

const atoms = fc.constantFrom(
  ...["'a'", '1', '1.5', 'none', 'true', "['a', 'b']", "{'k': [1]}", '{[1]: 2}', '-1', 'this', 'x'],
  ...['target.name', 'target.nope', 'this.schema', 'execute', 'is_incremental()', 'loop.last'],
  ...["var('day')", "var('days')", "var('none')", "var('none', 'd')", 'var(x)', "var('day').x"],
  ...["env_var('HOME_TOWN')", "env_var('NONE')", "env_var('NONE', 'e')", 'quiet()', 'sneaky()'],
  ...[
    "'a' | upper",
    'nope',
    'ref',
    'loop',
    "'%s' % 1",
    '1 / 0',
    'namespace(a=1)',
    "config.get('a')",
  ],
  ...["ref('a')", "ref('p', 'a')", 'ref(x)', 'ref()', "source('s', 't')", "source('s')"],
  ...["config(tags=['a'])", "config({'alias': 'n'})", 'config(tags=x)', "config(**{'alias': 'k'})"],
  ...[
    "config(materialized='table', meta={'a': 1.5, 'b': none})",
    "config('x')",
    'config(alias=-1)',
  ],
);
const expression = fc.oneof(
  { weight: 6, arbitrary: atoms },
  fc
    .tuple(atoms, fc.constantFrom('and', 'or', '==', '!=', '~', '+', 'in', '<'), atoms)
    .map((parts) => parts.join(' ')),
  fc.tuple(atoms, atoms, atoms).map(([a, b, c]) => `${a} if ${b} else ${c}`),
  atoms.map((atom) => `not ${atom}`),
  atoms.map((atom) => `[${atom}, 1]`),
);
const { piece } = fc.letrec<{ piece: string; body: string }>((tie) => ({
  body: fc.array(tie('piece'), { maxLength: 3 }).map((pieces) => pieces.join('\n')),
  piece: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('select 1\n', '{# note #}', "{% raw %}{{ ref('z') }}{% endraw %}"),
    expression.map((it) => `{{ ${it} }}`),
    expression.map((it) => `{%- do ${it} -%}`),
    fc
      .tuple(fc.constantFrom('x', 'y', 'ref', 'a, b'), expression)
      .map(([name, it]) => `{% set ${name} = ${it} %}`),
    fc
      .tuple(expression, tie('body'), tie('body'))
      .map(([it, body, other]) => `{% if ${it} %}${body}{% else %}${other}{% endif %}`),
    fc
      .tuple(fc.constantFrom('x', 'loop', 'config'), expression, tie('body'))
      .map(([name, it, body]) => `{% for ${name} in (${it}) %}${body}{% endfor %}`),
    tie('body').map((body) => `{% set x %}${body}{% endset %}`),
    tie('body').map((body) => `{% macro local() %}${body}{% endmacro %}{{ local() }}`),
  ),
}));
/** Templates as people write them: nearly all of them are plain. */
const ordinary = fc
  .array(
    fc.constantFrom(
      "{{ config(materialized='table', tags=['a', 'b'], meta={'k': 1}) }}",
      "{{ config(schema='s') }}",
      "select * from {{ ref('a') }}",
      "join {{ source('s', 't') }} using (id)",
      "where day = '{{ var('day') }}' and town = '{{ env_var('HOME_TOWN', 'x') }}'",
      '{% if is_incremental() %}and at > (select max(at) from {{ this }}){% endif %}',
      "{% set kinds = ['x', 'y'] %}{% for kind in kinds %}{{ kind }}{{ ',' if not loop.last else '' }}{% endfor %}",
      "{% if target.name == 'prod' %}limit 5{% endif %}",
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join('\n'));

describe('runner/compile/capture', function () {
  // Hundreds of templates, rendered twice each, on a machine that may be busy.
  this.timeout(20_000);

  it('gives for any template what rendering gives, or the same fault', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        assertSame(pieces.join('\n'));
      }),
      { numRuns: 600 },
    );
  });

  it('reads ordinary templates from the syntax tree, with the same result', () => {
    fc.assert(
      fc.property(ordinary, (text) => {
        assert.ok(isStatic(text), text);
        assertSame(text);
      }),
      { numRuns: 100 },
    );
  });

  it('names each read and config with its place', () => {
    const {
      layer,
      reads,
      isStatic: read,
    } = captureNode(
      facts,
      nodeOf("{{ config(alias='n') }}\nselect * from {{ ref('p', 'a') }}, {{ source('s', 't') }}"),
    );
    assert.equal(read, true);
    assert.deepEqual(layer.values, { alias: 'n' });
    assert.deepEqual(layer.placeOf('alias'), { path: 'models/m.sql', line: 1, column: 4 });
    assert.deepEqual(reads, [
      {
        kind: 'ref',
        words: ['p', 'a'],
        version: undefined,
        place: { path: 'models/m.sql', line: 2, column: 18 },
      },
      {
        kind: 'source',
        words: ['s', 't'],
        version: undefined,
        place: { path: 'models/m.sql', line: 2, column: 39 },
      },
    ]);
  });

  for (const [what, text] of [
    ['a macro is called', '{{ sneaky() }}'],
    ['a branch holds a ref', "{% if execute %}{{ ref('a') }}{% endif %}"],
    ['a branch holds a config', "{% if var('day') %}{{ config(alias='n') }}{% endif %}"],
    ['an inline if holds a ref', "{{ ref('a') if execute else 1 }}"],
    ['a comparison may pass over a config', "{{ 1 == 2 == config(alias='n') }}"],
    ['an argument is computed', "{{ ref('a' ~ 'b') }}"],
    ['the name of a function is set anew', '{% set ref = 1 %}{{ ref }}'],
    ['a function is taken by another name', "{% set r = ref %}{{ r('a') }}"],
  ] as const) {
    it(`renders where ${what}`, () => {
      assert.equal(isStatic(text), false);
      assertSame(text);
    });
  }

  it('tells an empty name as a fault of the template', () => {
    assert.throws(() => captureNode(facts, nodeOf("\n{{ ref('') }}")), {
      message: 'the name of a relation cannot be empty or hold a zero byte',
      where: { path: 'models/m.sql', line: 2, column: 4 },
    });
  });

  it('renders where a macro of the project takes the name of a function', () => {
    const own = factsOf('{% macro ref(name) %}{{ builtins.ref(name) }}{% endmacro %}');
    const text = "select '{{ this }}'";
    assert.equal(isStatic(text), true);
    assert.equal(isStatic(text, own), false);
  });
});
