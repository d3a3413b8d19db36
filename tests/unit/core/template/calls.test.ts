import assert from 'node:assert/strict';
import { findCalls } from '../../../../core/template/calls.ts';
import { fromJson, toJson } from '../../../../core/template/json.ts';
import { parseTemplate } from '../../../../core/template/parse.ts';
import { evaluateTemplate } from '../../../../core/template/render.ts';
import { FloatValue } from '../../../../core/template/values.ts';
import { renderFault, renderText, scopeOf } from './render-text.ts';

function calls(text: string) {
  return findCalls(parseTemplate({ path: 'a.sql', text }), new Set(['ref', 'config']));
}

describe('static calls', () => {
  it('are found with constant arguments, place and whether they are conditional', () => {
    const found = calls(
      "{{ config(materialized='table', tags=['a']) }}\nselect * from {{ ref('p', 'x') }} {% if x %}{{ ref(name) }}{% endif %}{{ f(ref('z')) }}",
    );
    assert.deepEqual(
      found.map((call) => [
        call.name,
        call.args,
        call.kwargs && [...call.kwargs.keys()],
        call.line,
        call.column,
        call.conditional,
      ]),
      [
        ['config', [], ['materialized', 'tags'], 1, 4, false],
        ['ref', ['p', 'x'], [], 2, 18, false],
        ['ref', undefined, [], 2, 48, true],
        ['ref', ['z'], [], 2, 76, false],
      ],
    );
  });

  it('in macros, loops and comments are told apart', () => {
    assert.deepEqual(
      calls(
        "{# {{ ref('no') }} #}{% for x in y %}{{ ref('a') }}{% endfor %}{% macro m() %}{{ ref('b') }}{% endmacro %}",
      ).map((call) => [call.args, call.conditional]),
      [
        [['a'], true],
        [['b'], true],
      ],
    );
  });
});

describe('values and JSON', () => {
  it('survive the way there and back', () => {
    const data = { a: [1, 'x', null, true, 1.5], __proto: { 'b c': {} } };
    assert.deepEqual(JSON.parse(JSON.stringify(toJson(fromJson(data)))), data);
  });

  it('keep whole numbers ints and other numbers floats', () => {
    assert.equal(fromJson(3), 3);
    assert.deepEqual(fromJson(3.5), new FloatValue(3.5));
  });
});

describe('the value of a template', () => {
  const value = (text: string) =>
    toJson(
      evaluateTemplate(
        parseTemplate({ path: 'profiles.yml', text, firstLine: 7 }),
        scopeOf({ port: '5432' }),
      ),
    );

  it('is that of its one expression, and text where there is more', () => {
    assert.deepEqual(value("{{ ['a', 1] }}"), ['a', 1]);
    assert.equal(value('{{ port }}'), '5432');
    assert.equal(value('{{ port | as_number }}'), 5432);
    assert.equal(value("{{ 'true' | as_bool }}"), true);
    assert.equal(value('{{ port }}/{{ 1 }}'), '5432/1');
    assert.equal(renderText('{{ port | as_number }}', scopeOf({ port: '05' })), '05');
  });

  it('has faults counted from the first line of the text in its file', () => {
    assert.throws(() => value("\n{{ 'x' | as_number + nope }}"), {
      where: { path: 'profiles.yml', line: 8, column: 22 },
    });
    assert.match(renderFault('{{ 1 | nope }}').message, /unknown filter/);
  });
});
