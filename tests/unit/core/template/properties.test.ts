import assert from 'node:assert/strict';
import fc from 'fast-check';
import { renderText, scopeOf } from './render-text.ts';

describe('template: properties', () => {
  it('text without delimiters renders to itself, less one newline at its end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        fc.pre(!/\{[{%#]|\r/.test(text));
        assert.equal(renderText(text), text.replace(/\n$/, ''));
      }),
    );
  });

  it('a value is never read as a template', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '{%',
      '%}',
      '{#',
      '#}',
      ' ',
      "'",
      '"',
      '\\',
      'x',
      '\n',
      '$&',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const value = pieces.join('');
        assert.equal(renderText('a{{ v }}b', scopeOf({ v: value })), `a${value}b`);
        assert.equal(renderText("{{ 'x'.replace('x', v) }}", scopeOf({ v: value })), value);
        assert.equal(
          renderText("{{ '%s' % v }}{{ '{}'.format(v) }}", scopeOf({ v: value })),
          value + value,
        );
      }),
    );
  });

  it("ints of any size keep Python's identity of floor division", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
        fc.bigInt({ min: 1n, max: 2n ** 60n }),
        (a, b) => {
          assert.equal(
            renderText('{{ a // b * b + a % b == a }}{{ 0 <= a % b < b }}', scopeOf({ a, b })),
            'TrueTrue',
          );
        },
      ),
    );
  });
});
