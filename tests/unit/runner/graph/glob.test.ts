import assert from 'node:assert/strict';
import { globToRegExp, pathPattern } from '../../../../runner/graph/glob.ts';

describe('runner/graph/glob', () => {
  const names: readonly (readonly [string, string, boolean])[] = [
    ['*', 'a.b', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['[ab]x', 'bx', true],
    ['[!ab]x', 'bx', false],
    ['[!ab]x', 'cx', true],
    ['[^a]x', '^x', true],
    ['[^a]x', 'bx', false],
    ['[]]x', ']x', true],
    ['[a-c]', 'b', true],
    ['[c-a]', 'b', false],
    ['[!c-a]', 'b', true],
    ['[ab', '[ab', true],
    ['a.b', 'axb', false],
    ['a+(b)', 'a+(b)', true],
    ['A', 'a', false],
    ['a', 'a\n', false],
    ['a*', 'a\nb', true],
  ];
  for (const [pattern, name, expected] of names) {
    it(`\`${pattern}\` ${expected ? 'matches' : 'does not match'} ${JSON.stringify(name)}`, () => {
      assert.equal(globToRegExp(pattern).test(name), expected);
    });
  }

  const paths: readonly (readonly [string, string, boolean])[] = [
    ['models', 'models/a/b.sql', true],
    ['models/', 'models/a/b.sql', true],
    ['./models/a', 'models/a/b.sql', true],
    ['models/*', 'models/a/b.sql', true],
    ['models/*.sql', 'models/a/b.sql', false],
    ['models/**/*.sql', 'models/a/b.sql', true],
    ['models/**/*.sql', 'models/b.sql', true],
    ['**/b.sql', 'models/a/b.sql', true],
    ['models/a', 'models/ab/c.sql', false],
    ['mod', 'models/a.sql', false],
    ['models/[ab]*', 'models/b.sql', true],
    ['.', 'models/a.sql', true],
  ];
  for (const [pattern, path, expected] of paths) {
    it(`path \`${pattern}\` ${expected ? 'covers' : 'does not cover'} ${path}`, () => {
      assert.equal(pathPattern(pattern).covers(path), expected);
    });
  }

  it('tells a file from what lies below a folder', () => {
    assert.equal(pathPattern('models').isFile('models/schema.yml'), false);
    assert.equal(pathPattern('models/**').isFile('models/schema.yml'), false);
    assert.equal(pathPattern('models/*.yml').isFile('models/schema.yml'), true);
  });
});
