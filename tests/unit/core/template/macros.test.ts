import assert from 'node:assert/strict';
import { UserError } from '../../../../core/errors.ts';
import type { TemplateError } from '../../../../core/template/errors.ts';
import { findBlocks, splitMacroFile } from '../../../../core/template/macro-file.ts';
import { parseTemplate } from '../../../../core/template/parse.ts';
import {
  callMacro,
  evaluateTemplate,
  macroValue,
  renderTemplate,
  returnFunction,
} from '../../../../core/template/render.ts';
import { placeAt } from '../../../../core/template/source-map.ts';
import type { RenderScope } from '../../../../core/template/state.ts';
import { ListValue, makeFunction, type Value } from '../../../../core/template/values.ts';

function scopeWith(macros: string, more: Readonly<Record<string, Value>> = {}): RenderScope {
  const names = new Map<string, Value>([['return', returnFunction], ...Object.entries(more)]);
  for (const definition of splitMacroFile({ path: 'macros/m.sql', text: macros })) {
    names.set(definition.macro.name, macroValue(definition));
  }
  return { lookup: (name) => names.get(name), names: () => names.keys() };
}

const model = (text: string) => parseTemplate({ path: 'models/a.sql', text });

describe('macros from files', () => {
  it('see each other in any order, and the names of the model that calls', () => {
    const macros =
      '{% macro a() %}{{ b() }}{% endmacro %}\n{% macro b() %}{{ this }}{% endmacro %}';
    assert.equal(renderTemplate(model('{{ a() }}'), scopeWith(macros, { this: 'm1' })).text, 'm1');
    assert.equal(renderTemplate(model('{{ a() }}'), scopeWith(macros, { this: 'm2' })).text, 'm2');
  });

  it('do not see the variables of the model', () => {
    const scope = scopeWith('{% macro a() %}{{ secret }}{% endmacro %}');
    assert.throws(
      () => renderTemplate(model('{% set secret = 1 %}{{ a() }}'), scope),
      /unknown name `secret`/,
    );
  });

  it('give back values of any type by return', () => {
    const scope = scopeWith(
      '{% macro l() %}text{{ return([1, 2]) }}never{% endmacro %}{% macro w() %}{{ return(l()) }}{% endmacro %}',
    );
    assert.equal(
      renderTemplate(model('{{ w()[1] }}{% for x in l() %}{{ x }}{% endfor %}'), scope).text,
      '212',
    );
    assert.ok(evaluateTemplate(model('{{ w() }}'), scope) instanceof ListValue);
  });

  it('return from a call block out of the macro that calls it, but not from a model', () => {
    const scope = scopeWith(
      '{% macro w() %}<{{ caller() }}>{% endmacro %}{% macro a() %}{% call w() %}{{ return(5) }}{% endcall %}{% endmacro %}',
    );
    assert.equal(renderTemplate(model('{{ a() }}'), scope).text, '5');
    assert.throws(() => renderTemplate(model('{{ return(1) }}'), scope), /outside a macro/);
  });

  it('name their file, line and the calls that led there in an error', () => {
    const scope = scopeWith(
      "{% macro x() %}\n\n    {{ 1 + 'a' }}{% endmacro %}\n{% macro y() %}{{ x() }}{% endmacro %}",
    );
    assert.throws(
      () => renderTemplate(model('\n   {{ y() }}'), scope),
      (error: TemplateError) => {
        assert.deepEqual(error.where, { path: 'macros/m.sql', line: 3, column: 10 });
        assert.match(
          error.message,
          /, in macro `x` \(macros\/m\.sql:3:10\), called from macros\/m\.sql:4:19 in macro `y`, called from models\/a\.sql:2:7$/,
        );
        return true;
      },
    );
  });

  it('put a place on the errors of host functions, and let other signals pass', () => {
    const fail = makeFunction('fail', () => {
      throw new UserError('no such thing', { hint: 'Look again.' });
    });
    const signal = { wanted: 'select 1' };
    const ask = makeFunction('ask', () => {
      throw signal;
    });
    const scope = scopeWith('{% macro a() %}{{ fail() }}{% endmacro %}', { fail, ask });
    assert.throws(
      () => renderTemplate(model('{{ a() }}'), scope),
      (error: TemplateError) => {
        assert.deepEqual(error.where, { path: 'macros/m.sql', line: 1, column: 19 });
        assert.equal(error.hint, 'Look again.');
        return error.message.startsWith('no such thing, in macro `a`');
      },
    );
    assert.throws(
      () => renderTemplate(model('{{ ask() }}'), scope),
      (error) => error === signal,
    );
  });

  it('can be called without a template', () => {
    const [definition] = splitMacroFile({
      path: 'm.sql',
      text: "{% macro g(custom, node) -%}{{ custom or 'base' }}{%- endmacro %}",
    });
    assert.ok(definition !== undefined);
    const scope = scopeWith('');
    assert.equal(callMacro(definition, [null], new Map(), scope), 'base');
    assert.equal(callMacro(definition, [], new Map([['custom', 'x']]), scope), 'x');
  });
});

describe('macro files', () => {
  it('are cut into their blocks; comments and raw text hide blocks', () => {
    const text = [
      '{# {% macro no() %} #}',
      '{% raw %}{% macro no() %}{% endmacro %}{% endraw %}',
      '{%- macro one(a="%}") -%}x{% raw %}{% endmacro %}{% endraw %}{%- endmacro -%}',
      '{% test positive(model, column_name) %}t{% endtest %}',
      '{% data_test odd(model) %}d{% enddata_test %}',
      "{% materialization mine, adapter='postgres' %}m{% endmaterialization %}",
      '{% snapshot s %}{{ x }}{% endsnapshot %}',
      '{% docs d %}Any {{ thing }} {# at all{% enddocs %}',
    ].join('\n');
    assert.deepEqual(
      findBlocks({ path: 'm.sql', text }).map(({ kind, name, header, body, line }) => [
        kind,
        name,
        header,
        body,
        line,
      ]),
      [
        ['macro', 'one', '(a="%}")', 'x{% raw %}{% endmacro %}{% endraw %}', 3],
        ['test', 'positive', '(model, column_name)', 't', 4],
        ['test', 'odd', '(model)', 'd', 5],
        ['materialization', 'mine', ", adapter='postgres'", 'm', 6],
        ['snapshot', 's', '', '{{ x }}', 7],
        ['docs', 'd', '', 'Any {{ thing }} {# at all', 8],
      ],
    );
    assert.deepEqual(
      splitMacroFile({ path: 'm.sql', text }).map(({ macro }) => macro.name),
      ['one', 'test_positive', 'test_odd', 'materialization_mine_postgres'],
    );
  });

  it('name the block that is never closed', () => {
    assert.throws(
      () => findBlocks({ path: 'm.sql', text: '\n {% macro a() %}' }),
      (error: TemplateError) => {
        assert.deepEqual(error.where, { path: 'm.sql', line: 2, column: 2 });
        return /`{% macro %}` block is never closed/.test(error.message);
      },
    );
  });

  it('give faults of a macro their place in the file', () => {
    assert.throws(
      () =>
        splitMacroFile({ path: 'm.sql', text: 'x\n\n{% macro a() %}\n{{ 1 + }}{% endmacro %}' }),
      (error: TemplateError) => {
        assert.deepEqual(error.where, { path: 'm.sql', line: 4, column: 8 });
        return true;
      },
    );
  });
});

describe('source map', () => {
  it('leads from each character of the text to its place, inside macros too', () => {
    const macros = '{% macro cols() %}\n  a,\n  b{% endmacro %}';
    const source = "select {{ cols() }},\n  {{ 'x' ~ 1 }}, {%- if true %} c\n{% endif %}from t";
    const rendered = renderTemplate(model(source), scopeWith(macros));
    assert.equal(rendered.text, 'select \n  a,\n  b,\n  x1, c\nfrom t');
    const at = (part: string) => placeAt(rendered, rendered.text.indexOf(part));
    assert.deepEqual(at('select'), { path: 'models/a.sql', line: 1, column: 1 });
    assert.deepEqual(at('a,'), { path: 'macros/m.sql', line: 2, column: 3 });
    assert.deepEqual(at('b,'), { path: 'macros/m.sql', line: 3, column: 3 });
    assert.deepEqual(at('x1'), { path: 'models/a.sql', line: 2, column: 3 });
    assert.deepEqual(at('1,'), { path: 'models/a.sql', line: 2, column: 3 });
    assert.deepEqual(at('c\n'), { path: 'models/a.sql', line: 2, column: 33 });
    assert.deepEqual(at('from'), { path: 'models/a.sql', line: 3, column: 12 });
  });
});
