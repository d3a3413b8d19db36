// Every construct in which plain Nunjucks gives another text than Jinja2, or none at all.
// The expected texts are those of Python and Jinja2 3.1.6.

import assert from 'node:assert/strict';
import { renderFault, renderText } from './render-text.ts';

const silent: readonly (readonly [string, string])[] = [
  ['{% if [] %}t{% endif %}{% if {} %}t{% endif %}{{ not [] }}{{ [] or 1 }}', 'True1'],
  [
    '{% for x in [1,2,3] if x != 2 %}{{ x }}{{ loop.last }}{{ loop.length }}{% endfor %}',
    '1False23True2',
  ],
  ['{% set n = 0 %}{% for i in [1,2,3] %}{% set n = n + i %}{% endfor %}{{ n }}', '0'],
  ['{% set a, b = f2() %}{{ a }}-{{ b }}', '1-2'],
  [
    "{{ (1, 2) }}{{ 'a' in ('a', 'b') }}{% for a, b in [(1, 2)] %}{{ b }}{% endfor %}",
    '(1, 2)True2',
  ],
  ["{{ [{'a':1},{'a':2}] | selectattr('a', 'equalto', 1) | list }}", "[{'a': 1}]"],
  ["{{ [{'a':1},{'a':2}] | rejectattr('a', 'in', [1]) | list }}", "[{'a': 2}]"],
  ["{{ [{'a':1},{'a':2}] | join('-', attribute='a') }}", '1-2'],
  [
    "{{ [1] == [1] }}{{ {'a':[1]} == {'a':[1]} }}{{ 1 == '1' }}{{ 1 == true }}{{ none == {}.x }}",
    'TrueTrueFalseTrueFalse',
  ],
  ["{{ [1,2][-1] }}{{ 'abc'[1:] }}{{ 'abc'[-1] }}", '2bcc'],
  ["{{ 'aaa'.replace('a','b') }}{{ 'a b'.split() }}", "bbb['a', 'b']"],
  [
    "{{ none }}{{ true }}{{ 'x' ~ none }}{{ [1, none] }}{{ {'a': false} }}",
    "NoneTruexNone[1, None]{'a': False}",
  ],
  [
    '{{ 6/2 }} {{ 1.0 }} {{ 2.5|round }} {{ -7 % 3 }} {{ 9007199254740993 }} {{ 1e3 }} {{ 1_000 }}',
    '3.0 1.0 2.0 2 9007199254740993 1000.0 1000',
  ],
  ["{% set k = 'key' %}{{ {k: 1} }}", "{'key': 1}"],
  ["{% for k in {'a':1,'b':2} %}{{ k }}{% endfor %}{{ {'a':1}|list }}", "ab['a']"],
  ['{% set q -%}\n  x\n{%- endset %}[{{ q }}]', '[x]'],
  ['{{ none|default(1) }}{{ none|default(1, true) }}{{ {}.a|default(2) }}', 'None12'],
  ["{% macro m() %}a{% endmacro %}{{ m() in ['a'] }}{{ m() == 'a' }}", 'TrueTrue'],
  ["{% set d = {'items': 1, 'get': 2} %}{{ d['items'] }}{{ d['get'] }}{{ d.get('get') }}", '122'],
  ["{{ {'2': 'b', '1': 'a', 3: 'c'} }}", "{'2': 'b', '1': 'a', 3: 'c'}"],
  ['{{ 8 * 3 // 5 }} {{ 1 - 2 + 3 - 4 }} {{ 2 * 2 ~ 3 }}', '4 -2 43'],
];

const loud: readonly (readonly [string, string])[] = [
  ['{% set l = [] %}{% do l.append(1) %}{{ l }}', '[1]'],
  [
    '{% set ns = namespace(x=0) %}{% for i in [1,2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}',
    '3',
  ],
  ['{% set x | upper %}a{% endset %}{{ x }}', 'A'],
  [
    "{{ [] is sequence }}{{ {} is mapping }}{{ true is boolean }}{{ 1 is integer }}{{ 1.0 is float }}{{ true is true }}{{ 1 is in [1] }}{{ 'map' is filter }}{{ 4 is divisibleby 2 }}",
    'TrueTrueTrueTrueTrueTrueTrueTrueTrue',
  ],
  [
    "{{ [3,1]|map('string')|list }}{{ [1,1]|unique|list }}{{ [3,1]|min }}{{ [3,1]|max }}",
    "['3', '1'][1]13",
  ],
  [
    "{{ {'a':1}|items|list }}{{ {'a':1}|tojson }}{{ [1]|count }}{{ '%s'|format(1) }}{{ 'a'|as_text }}{{ '1'|as_number }}{{ 'true'|as_bool }}{{ 'x'|as_native }}",
    '[(\'a\', 1)]{"a": 1}11a1truex',
  ],
  [
    "{{ 'a'.upper() }}{{ ' a '.strip() }}{{ 'ab'.startswith('a') }}{{ ','.join(['a','b']) }}{{ '%s' % 1 }}{{ 'ab'*3 }}",
    'AaTruea,b1ababab',
  ],
  [
    '{% set l = [2,1] %}{{ l.extend([3]) }}{{ l.sort() }}{{ l }}{{ l.pop() }}{{ l.copy() }}{{ l.index(2) }}',
    'NoneNone[1, 2, 3]3[1, 2]1',
  ],
  ['{{ [1,2,3][1:] }}{{ [1,2,3][::-1] }}', '[2, 3][3, 2, 1]'],
  ["{{ 'a' if false else 'b' if false else 'c' }}", 'c'],
  [
    '{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, b=3) }}{{ m.name }}{{ m.arguments }}',
    "1(2,){'b': 3}m('a',)",
  ],
  [
    "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1], **{'b': 2}) }}{{ m(1, 2,) }}{{ 'a' 'b' }}{{ [1].0 }}{{ {1: 'x'}[1] }}{%+ if true %}y{% endif %}",
    '1212ab1xy',
  ],
  ['{% macro m() %}{{ caller(1) }}{% endmacro %}{% call(x) m() %}<{{ x }}>{% endcall %}', '<1>'],
  ['{%- raw -%} {{ x }} {%- endraw -%}{% with a = 1 %}{{ a }}{% endwith %}', '{{ x }}1'],
  [
    "{% for x in [1,2,3] %}{% if x == 2 %}{% continue %}{% endif %}{{ loop.cycle('a','b') }}{{ loop.changed(x) }}{% endfor %}",
    'aTrueaTrue',
  ],
  ["{% for i in [{'c':[{'c':[]}]}] recursive %}{{ loop.depth }}{{ loop(i.c) }}{% endfor %}", '12'],
  ['{% set r = 8 %}{{ r/2 }}', '4.0'],
  ['{{ modules.datetime.date(2024, 2, 28) + modules.datetime.timedelta(days=2) }}', '2024-03-01'],
  [
    "{{ modules.datetime.datetime.strptime('2024-01-31', '%Y-%m-%d').strftime('%d %b %y, %j') }}",
    '31 Jan 24, 031',
  ],
];

describe('template: where Nunjucks differs from Jinja', () => {
  for (const [template, text] of silent) {
    it(`gives Jinja's text, where Nunjucks gives another in silence: ${template}`, () => {
      assert.equal(renderText(template), text);
    });
  }

  for (const [template, text] of loud) {
    it(`gives Jinja's text, where Nunjucks gives up: ${template}`, () => {
      assert.equal(renderText(template), text);
    });
  }

  for (const tag of [
    "include 'x'",
    "extends 'x'",
    "import 'x' as y",
    "from 'x' import y",
    'block x',
  ]) {
    it(`refuses {% ${tag} %} with its line, as there are no other files to load`, () => {
      const fault = renderFault(`\n  {% ${tag} %}`);
      assert.match(fault.message, /templates load no other files/);
      assert.deepEqual(fault.where, { path: 'models/a.sql', line: 2, column: 6 });
    });
  }

  it('refuses the tags that only Nunjucks has', () => {
    for (const tag of ['switch x', 'asyncEach x in y', 'elseif x', 'verbatim', 'ifAsync x']) {
      assert.match(renderFault(`{% ${tag} %}`).message, /unknown tag/);
    }
    assert.match(renderFault('{{ a === b }}').message, /expected/);
    assert.match(renderFault('{% set r = 1 %}{{ r/x/g }}').message, /unknown name/);
  });
});
