import assert from 'node:assert/strict';
import { renderFault, renderText, scopeOf } from './render-text.ts';

const scope = scopeOf({
  obj: { kind: 'host', typeName: 'thing', getAttribute: () => undefined, toText: () => 'T' },
});
const NAMES = [
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  '__lookupGetter__',
  'call',
  'apply',
  'bind',
  'kind',
  'map',
  'iterator',
  'getAttribute',
];
const SUBJECTS = [
  'range',
  '({})',
  '[]',
  "'a'",
  '1',
  '1.5',
  'none',
  'true',
  '(1, 2)',
  'obj',
  'namespace(a=1)',
  'range(2)',
  "'a'.upper",
  '{}.items()',
  '[1]|map',
  'cycler(1)',
];

describe('template: JavaScript is out of reach', () => {
  for (const subject of SUBJECTS) {
    it(`by the members of ${subject}`, () => {
      for (const name of NAMES) {
        for (const access of [
          `(${subject}).${name}`,
          `(${subject})['${name}']`,
          `(${subject})|attr('${name}')`,
        ]) {
          try {
            const text = renderText(`{{ (${access}) is defined }}`, scope);
            assert.equal(text, 'False', access);
          } catch (error) {
            assert.equal((error as Error).name, 'TemplateError', access);
          }
        }
      }
    });
  }

  const attempts = [
    "{{ range.constructor('return process.env.HOME')() }}",
    "{{ ({}).constructor.constructor('return 1')() }}",
    "{% set k = 'constr' ~ 'uctor' %}{{ range[k]('return 1')() }}",
    "{{ [''][0].constructor.fromCharCode(65) }}",
    "{{ cycler.constructor('return 1')() }}",
    "{{ joiner().constructor('return 1')() }}",
    "{{ [range]|map(attribute='constructor')|first|attr('name') }}",
    "{{ ([range]|map(attribute='constructor')|list)[0]('return 1') }}",
    "{{ ''.format.constructor('return 1')() }}",
    '{{ process.env }}',
    '{{ globalThis }}',
    '{{ this }}',
    "{{ '{0.constructor}'.format(range) }}",
    "{% macro m() %}{% endmacro %}{{ m.constructor('return 1')() }}",
    "{% macro m() %}{{ caller.constructor('x')() }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% for x in [1] %}{{ loop.constructor('return 1')() }}{% endfor %}",
    "{{ 'x'.__class__.__mro__[1].__subclasses__() }}",
    "{{ 'a'|constructor }}",
    "{{ 'a' is constructor }}",
    "{{ {}|map('constructor')|list }}{{ ['a']|map('toString')|list }}",
  ];
  for (const attempt of attempts) {
    it(`by ${attempt}`, () => {
      renderFault(attempt, scope);
    });
  }

  it('keys of a dict with such names are plain keys', () => {
    assert.equal(
      renderText(
        "{% set d = {'__proto__': 1, 'constructor': 2} %}{{ d.__proto__ }}{{ d.constructor }}{{ {}.__proto__ }}",
      ),
      '12',
    );
  });
});
