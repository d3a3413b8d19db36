// Every construct of Jinja2 at which plain Nunjucks gives up. Where it renders another text instead, see
// silent-differences.test.ts.
// The expected texts are those of Python and Jinja2 3.1.6.

import assert from 'node:assert/strict';
import { renderFault, renderText } from './render-text.ts';

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
  ["{{ 'abc'|attr('upper') is defined }}{{ {'b': 1, 'a': 2}|pprint }}", "True{'a': 2, 'b': 1}"],
  ["{{ 'aaa bbb'|wordwrap(3) }}{{ {'a': 1}|xmlattr }}", 'aaa\nbbb a="1"'],
  [
    "{{ 'AB'.lower() }}{{ 'ab cd'.title() }}{{ '{} {x}'.format(1, x=2) }}{{ 'ab'.endswith('b') }}",
    'abAb Cd1 2True',
  ],
  [
    '{% set l = [1,2,3] %}{{ l.insert(0, 9) }}{{ l.remove(2) }}{{ l.append(4) }}{{ l.pop(0) }}{{ l }}',
    'NoneNoneNone9[1, 3, 4]',
  ],
  [
    "{% set d = {'a': 1} %}{{ d.update({'b': 2}) }}{{ d.pop('a') }}{{ d.setdefault('c', 3) }}{{ d.values()|list }}{{ d.copy() == d }}",
    'None13[2, 3]True',
  ],
  [
    "{% set x = 'k' %}{% for i in [1,2,3] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    '1',
  ],
  ['{% for x in [1,2] %}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}', '2;1;'],
  ["a {% raw %}#- '{x}' {#{% endraw %}", "a #- '{x}' {#"],
  ['{{ modules.datetime.date(2024, 2, 28) + modules.datetime.timedelta(days=2) }}', '2024-03-01'],
  [
    "{{ modules.datetime.datetime.strptime('2024-01-31', '%Y-%m-%d').strftime('%d %b %y, %j') }}",
    '31 Jan 24, 031',
  ],
];

describe('template: where Nunjucks gives up', () => {
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
