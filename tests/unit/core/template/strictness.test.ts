import assert from 'node:assert/strict';
import { faultPlace, renderFault, renderText, scopeOf } from './render-text.ts';

describe('template: unknown names', () => {
  const uses: readonly (readonly [string, string])[] = [
    ['{{ customer_nmae }}', '1:4'],
    ['a\n  {{ customer_nmae }}', '2:6'],
    ['{% if customer_nmae %}x{% endif %}', '1:7'],
    ['{% for x in customer_nmae %}x{% endfor %}', '1:13'],
    ["{{ 'a' ~ customer_nmae }}", '1:10'],
    ['{{ customer_nmae or 1 }}', '1:4'],
    ['{{ customer_nmae|upper }}', '1:4'],
    ['{{ customer_nmae() }}', '1:4'],
    ['{% set x = customer_nmae %}', '1:12'],
    ['{{ customer_nmae.x is defined }}', '1:4'],
  ];
  for (const [template, place] of uses) {
    it(`are an error with place and nearest name: ${JSON.stringify(template)}`, () => {
      const scope = scopeOf({ customer_name: 'x' });
      const fault = renderFault(template, scope);
      assert.equal(faultPlace(template, scope), place);
      assert.match(fault.message, /unknown name `customer_nmae`/);
      assert.equal(fault.hint, 'did you mean `customer_name`?');
    });
  }

  it('may be asked for with is defined and default', () => {
    assert.equal(
      renderText(
        "{{ x is defined }}{{ x is not defined }}{{ x is undefined }}{{ x|default('d') }}{{ x|d(1) }}",
      ),
      'FalseTrueTrued1',
    );
  });

  it('that the template assigns in a branch not taken are undefined, as in Jinja', () => {
    assert.equal(
      renderText(
        '{% if false %}{% set rows = [1] %}{% endif %}{% for r in rows %}x{% endfor %}[{{ rows }}]',
      ),
      '[]',
    );
  });

  it('that only a macro assigns stay unknown outside it', () => {
    assert.match(
      renderFault('{% macro m() %}{% set y = 1 %}{% endmacro %}{{ y }}').message,
      /unknown name `y`/,
    );
  });
});

describe('template: what is missing', () => {
  it('prints as nothing and is false, but fails when it is used further', () => {
    assert.equal(
      renderText('{% macro m(a) %}[{{ a }}{{ 1 if a }}]{% endmacro %}{{ m() }}{{ {}.x }}'),
      '[]',
    );
    assert.match(
      renderFault('{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m() }}').message,
      /parameter `a` was not provided/,
    );
    assert.match(renderFault("{{ {'a': 1}.b.c }}").message, /the dict has no attribute `b`/);
  });

  it('has the exact place of the operation that fails', () => {
    assert.equal(faultPlace("select\n  {{ 1 + 'a' }}"), '2:8');
    assert.equal(faultPlace('{{ [1]|length(5) }}'), '1:8');
    assert.equal(faultPlace("{{ 'a' is nope }}"), '1:11');
    assert.equal(faultPlace('{{ {}.a.b }}'), '1:8');
    assert.equal(faultPlace('x{% if 1 %}'), '1:2');
    assert.equal(faultPlace('{% for x in [1] %}\n{% if x %}\n{% endfor %}'), '3:4');
    assert.equal(faultPlace("\n{{ 'abc }}"), '2:4');
    assert.equal(faultPlace('a {# b'), '1:3');
    assert.equal(faultPlace('{{ (1 }}'), '1:7');
  });
});

describe('template: guards', () => {
  it('end what Python would do for minutes', () => {
    assert.match(renderFault('{{ range(1000001)|list }}').message, /at most 1000000/);
    assert.match(
      renderFault('{% set l = [1] %}{% for x in l %}{% do l.append(1) %}{% endfor %}').message,
      /grows while/,
    );
    assert.match(renderFault("{{ 'x' * 100000000 }}").message, /too long/);
    assert.match(renderFault('{{ 10 ** 1000000 }}').message, /too large/);
    assert.match(
      renderFault(`{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`).message,
      /nested too deeply/,
    );
    assert.match(
      renderFault('{% set l = [] %}{% do l.append(l) %}{{ l }}').message,
      /contains itself/,
    );
  });

  it('end macros that call each other without end, and name the chain', () => {
    const fault = renderFault(
      '{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}',
    );
    assert.match(fault.message, /more than 200 levels deep/);
  });
});
