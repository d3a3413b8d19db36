import assert from 'node:assert/strict';
import fc from 'fast-check';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../core/identifiers.ts';

/** Reads a quoted identifier by PostgreSQL's rule: between quotes, two quotes are one. */
function readIdentifier(quoted: string): string {
  const match = /^"((?:[^"]|"")*)"$/.exec(quoted);
  assert.ok(match?.[1] !== undefined, `${quoted} is not one identifier`);
  return match[1].replace(/""/g, '"');
}

/** Reads a literal by PostgreSQL's rules, with `standard_conforming_strings` on or off. */
function readLiteral(quoted: string, conforming: boolean): string {
  const match = /^( ?E)?'((?:[^'\\]|''|\\.)*)'$/s.exec(quoted);
  assert.ok(match?.[2] !== undefined, `${quoted} is not one literal`);
  const escapes = match[1] !== undefined || !conforming;
  return escapes
    ? match[2].replace(/''|\\(.)/gs, (pair, escaped: string) => (pair === "''" ? "'" : escaped))
    : match[2].replace(/''/g, "'");
}

const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));

describe('core/identifiers', () => {
  it('gives back any identifier that went in', () => {
    fc.assert(
      fc.property(text, (name) => {
        fc.pre(name !== '');
        assert.equal(readIdentifier(quoteIdentifier(name)), name);
      }),
    );
  });

  it('gives back any literal that went in, whatever standard_conforming_strings says', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (value, conforming) => {
        assert.equal(readLiteral(quoteLiteral(value), conforming), value);
      }),
    );
  });

  it('quotes each part of a qualified name', () => {
    assert.equal(quoteQualified('gold', 'dim "x".y'), '"gold"."dim ""x"".y"');
  });

  it('puts space before an E that would else join the word before it', () => {
    assert.equal(`select${quoteLiteral('a\\b')}`, "select E'a\\\\b'");
  });

  it('refuses what no name and no text can hold', () => {
    assert.throws(() => quoteIdentifier('a\0b'), /NUL/);
    assert.throws(() => quoteLiteral('a\0b'), /NUL/);
    assert.throws(() => quoteIdentifier(''), /empty/);
  });
});
