// Every construct for which plain Nunjucks gives another text than Jinja2 and no error, so that wrong SQL
// would be built in silence. A row a construct; the texts are those of Python and Jinja2 3.1.6.

import assert from 'node:assert/strict';
import { renderText } from './render-text.ts';

interface Difference {
  readonly construct: string;
  /** Templates, and what Jinja2 makes of each. */
  readonly cases: readonly (readonly [template: string, text: string])[];
}

const differences: readonly Difference[] = [
  {
    construct: 'an empty list or dict is false: `if`, `not`, `or`, `and`, the inline `if`',
    cases: [
      ['{% if [] %}t{% endif %}{% if {} %}t{% endif %}{% if () %}t{% endif %}', ''],
      ['{{ not [] }}{{ not {} }}{{ [] or 1 }}{{ {} or 2 }}', 'TrueTrue12'],
      ["{{ [] and 1 }}{{ 'y' if [] else 'n' }}{{ 'y' if {} else 'n' }}", '[]nn'],
      ['{% if [] %}a{% elif {} %}b{% else %}c{% endif %}', 'c'],
    ],
  },
  {
    construct: '`for x in xs if condition` filters, before `loop` counts',
    cases: [
      [
        '{% for x in [1,2,3] if x != 2 %}{{ x }}{{ loop.last }}{{ loop.length }} {% endfor %}',
        '1False2 3True2 ',
      ],
      ['{% set x = 0 %}{% for x in [1,2] if x > 1 %}{{ x }}{% else %}none{% endfor %}', '2'],
      ['{% for x in [1,2] if x > 9 %}{{ x }}{% else %}none{% endfor %}', 'none'],
      ["{% for k, v in {'a': 1, 'b': 2}.items() if v == 2 %}{{ k }}{% endfor %}", 'b'],
    ],
  },
  {
    construct: '`set` inside a loop stays in the loop',
    cases: [
      [
        '{% set n = 0 %}{% for i in [1,2,3] %}{% set n = n + i %}{{ n }}{% endfor %}={{ n }}',
        '123=0',
      ],
      [
        "{% set s = 'a' %}{% for i in [1] %}{% if i %}{% set s = 'b' %}{% endif %}{{ s }}{% endfor %}{{ s }}",
        'ba',
      ],
      ['{% set s = 1 %}{% if true %}{% set s = 2 %}{% endif %}{{ s }}', '2'],
    ],
  },
  {
    construct: '`set a, b = …` takes the value apart',
    cases: [
      ['{% set a, b = f2() %}{{ a }}-{{ b }}', '1-2'],
      ["{% set a, b, c = 'xyz' %}{{ c }}{{ b }}{{ a }}", 'zyx'],
      ['{% set a, (b, c) = [1, (2, 3)] %}{{ a }}{{ b }}{{ c }}', '123'],
    ],
  },
  {
    construct: 'tuples are tuples, not the last of their values',
    cases: [
      ['{{ (1, 2) }}{{ (1,) }}{{ () }}', '(1, 2)(1,)()'],
      ["{{ 'a' in ('a', 'b') }}{{ 'c' not in ('a', 'b') }}", 'TrueTrue'],
      ['{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }};{% endfor %}', '12;34;'],
      ['{{ (1, 2) + (3,) }}{{ (1, 2)|length }}{{ (5) }}', '(1, 2, 3)25'],
    ],
  },
  {
    construct:
      '`selectattr`, `rejectattr`, `select`, `reject` use their test; `join` its attribute',
    cases: [
      ["{{ [{'a':1},{'a':2}] | selectattr('a', 'equalto', 1) | list }}", "[{'a': 1}]"],
      ["{{ [{'a':1},{'a':2}] | rejectattr('a', 'in', [1]) | list }}", "[{'a': 2}]"],
      ["{{ [1,2,3] | select('gt', 1) | list }}{{ [1,2,3] | reject('odd') | list }}", '[2, 3][2]'],
      ["{{ [{'a':1},{'a':2}] | join('-', attribute='a') }}", '1-2'],
      ["{{ [{'a':{'b':1}}] | map(attribute='a.b') | list }}", '[1]'],
    ],
  },
  {
    construct: '`==` compares lists and dicts by value, and never text with a number',
    cases: [
      ["{{ [1] == [1] }}{{ {'a':[1]} == {'a':[1]} }}{{ [1] != [1] }}", 'TrueTrueFalse'],
      ["{{ 1 == '1' }}{{ 1 == true }}{{ 0 == '' }}{{ none == '' }}", 'FalseTrueFalseFalse'],
      ['{{ none == {}.x }}{{ none == none }}{{ (1, 2) == [1, 2] }}', 'FalseTrueFalse'],
      ["{{ '1' in [1] }}{{ [1] in [[1]] }}{{ {'a': 1} in [{'a': 1}] }}", 'FalseTrueTrue'],
    ],
  },
  {
    construct: 'indexes from the end, and slices of text',
    cases: [
      ["{{ [1,2][-1] }}{{ 'abc'[-1] }}{{ (1,2)[-2] }}", '2c1'],
      ["{{ 'abc'[1:] }}{{ 'abc'[:-1] }}{{ 'abc'[::-1] }}{{ 'abcdef'[1:5:2] }}", 'bcabcbabd'],
    ],
  },
  {
    construct: 'methods of text are those of Python',
    cases: [
      ["{{ 'aaa'.replace('a','b') }}{{ 'aaa'.replace('a','b',1) }}", 'bbbbaa'],
      ["{{ 'a b  c'.split() }}{{ 'a,b,c'.split(',', 1) }}", "['a', 'b', 'c']['a', 'b,c']"],
    ],
  },
  {
    construct: 'none, booleans, lists and dicts print as Python prints them',
    cases: [
      ['{{ none }} {{ true }} {{ false }}', 'None True False'],
      ["{{ 'x' ~ none ~ true }}", 'xNoneTrue'],
      ["{{ [1, none, 'a', \"it's\"] }}{{ {'a': false} }}", "[1, None, 'a', \"it's\"]{'a': False}"],
      ["{{ [none, 1] | join(',') }}", 'None,1'],
    ],
  },
  {
    construct: 'numbers are those of Python',
    cases: [
      ['{{ 6/2 }} {{ 1.0 }} {{ 2.0 * 3 }} {{ 7 // 2 }} {{ -7 // 2 }}', '3.0 1.0 6.0 3 -4'],
      ['{{ 2.5|round }} {{ 3.5|round }} {{ 2.5|round|int }} {{ -7 % 3 }}', '2.0 4.0 2 2'],
      ['{{ 9007199254740993 }} {{ 2 ** 64 }}', '9007199254740993 18446744073709551616'],
      ['{{ 1e3 }} {{ 1_000 }} {{ 1e16 }} {{ 0.1 + 0.2 }}', '1000.0 1000 1e+16 0.30000000000000004'],
      ['{{ 8 * 3 // 5 }} {{ 1 - 2 + 3 - 4 }} {{ 2 * 2 ~ 3 }} {{ -2 ** 2 }}', '4 -2 43 4'],
    ],
  },
  {
    construct: 'the key of a dict literal is an expression',
    cases: [
      ["{% set k = 'key' %}{{ {k: 1} }}{{ {k ~ '2': 1} }}", "{'key': 1}{'key2': 1}"],
      [
        "{% macro m(k) %}{{ k }}{% endmacro %}{% set k = 'no' %}{{ m(k='yes') }}{{ dict(k=1) }}",
        "yes{'k': 1}",
      ],
    ],
  },
  {
    construct: 'a dict gives its keys when something walks over it',
    cases: [
      ["{% for k in {'a':1,'b':2} %}{{ k }}{% endfor %}", 'ab'],
      ["{{ {'a':1}|list }}{{ {'a':1}|length }}{{ 'a' in {'a':1} }}", "['a']1True"],
    ],
  },
  {
    construct: 'dashes at a block `set` trim what it holds',
    cases: [
      ['{% set q -%}\n  x\n{%- endset %}[{{ q }}]', '[x]'],
      ['{% set q %}\n  x\n{%- endset %}[{{ q }}]', '[\n  x]'],
    ],
  },
  {
    construct: '`default` keeps none, unless it is told to replace what is false',
    cases: [
      ["{{ none|default(1) }} {{ ''|default(1) }} {{ {}.a|default(2) }}", 'None  2'],
      ["{{ none|default(1, true) }} {{ ''|default(1, boolean=true) }} {{ 0|d(3, true) }}", '1 1 3'],
    ],
  },
  {
    construct: 'what a macro gives is text',
    cases: [
      ["{% macro m() %}a{% endmacro %}{{ m() in ['a'] }}{{ m() == 'a' }}", 'TrueTrue'],
      [
        "{% macro m() %}a{% endmacro %}{{ [m()] }}{{ {m(): 1}['a'] }}{{ m()|tojson }}",
        '[\'a\']1"a"',
      ],
      ['{% macro m() %}{% endmacro %}{% if m() %}t{% else %}f{% endif %}', 'f'],
    ],
  },
  {
    construct: 'a key of a dict is not hidden by a method of its name',
    cases: [
      [
        "{% set d = {'items': 1, 'get': 2} %}{{ d['items'] }}{{ d['get'] }}{{ d.get('get') }}",
        '122',
      ],
      ["{% set d = {'keys': 1} %}{{ d['keys'] }}{{ d.keys()|list }}", "1['keys']"],
    ],
  },
  {
    construct: 'dict keys keep their order and their type',
    cases: [
      ["{{ {'2': 'b', '1': 'a', 3: 'c'} }}", "{'2': 'b', '1': 'a', 3: 'c'}"],
      ["{{ {1: 'int', '1': 'text'}[1] }}{{ {1: 'int'}.get('1') }}", 'intNone'],
    ],
  },
];

describe('template: what Nunjucks renders otherwise in silence', () => {
  for (const { construct, cases } of differences) {
    for (const [template, text] of cases) {
      it(`${construct}: ${JSON.stringify(template)}`, () => {
        assert.equal(renderText(template), text);
      });
    }
  }
});
