import assert from 'node:assert/strict';
import { z } from 'zod';
import { parseYaml, validateYaml } from '../../../core/yaml.ts';
import { faultsOf } from '../../support/faults.ts';

const parse = (text: string) => parseYaml({ path: 'p.yml', text });

describe('core/yaml', () => {
  it('reads values, merges and aliases', () => {
    const { value } = parse(
      'base: &base {a: 1, b: two}\nmore:\n  <<: *base\n  b: 3\nlist: [*base]\n',
    );
    assert.deepEqual(value, {
      base: { a: 1, b: 'two' },
      more: { a: 1, b: 3 },
      list: [{ a: 1, b: 'two' }],
    });
  });

  it('gives null for an empty file', () => {
    assert.equal(parse('').value, null);
    assert.equal(parse('# nothing\n').value, null);
  });

  it('knows where values and keys stand', () => {
    const file = parse('a:\n  b: 1\n  c:\n    - x\n    - y: z\n');
    assert.deepEqual(file.placeOf(['a', 'b']), { path: 'p.yml', line: 2, column: 6 });
    assert.deepEqual(file.placeOfKey(['a', 'b']), { path: 'p.yml', line: 2, column: 3 });
    assert.deepEqual(file.placeOf(['a', 'c', 1, 'y']), { path: 'p.yml', line: 5, column: 10 });
    assert.deepEqual(file.placeOfKey(['a']), { path: 'p.yml', line: 1, column: 1 });
    // The nearest parent of what is not there.
    assert.deepEqual(file.placeOf(['a', 'c', 7, 'q']), { path: 'p.yml', line: 4, column: 5 });
  });

  it('counts columns behind Windows line ends and wide characters', () => {
    const file = parse('é: 1\r\n"ü": {b: 2}\r\n');
    assert.deepEqual(file.placeOf(['ü', 'b']), { path: 'p.yml', line: 2, column: 10 });
  });

  for (const [what, text, expected] of [
    [
      'two faults of syntax at once',
      'a: 1\na: 2\nb: 1\nb: 2\n',
      [
        'p.yml:2:1: YAML: Map keys must be unique (remove one of the two)',
        'p.yml:4:1: YAML: Map keys must be unique (remove one of the two)',
      ],
    ],
    [
      'an alias without an anchor, not by its name',
      'a: 1\npassword: *s3cret\n',
      ['p.yml:2:11: YAML: an alias names no anchor (put a value that begins with `*` in quotes)'],
    ],
    [
      'an unknown tag, not by its name',
      'password: !s3cret x\n',
      ['p.yml:1:11: YAML: unknown tag; put a value that begins with `!` in quotes'],
    ],
    [
      'an anchor inside itself',
      'a: &a [*a]\n',
      ['p.yml: YAML: its aliases lead in a circle or grow without end'],
    ],
    [
      'aliases that grow without end',
      `a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n${Array.from(
        { length: 9 },
        (_, n) =>
          `a${n + 1}: &a${n + 1} [${Array.from({ length: 10 }, () => `*a${n}`).join(', ')}]`,
      ).join('\n')}\n`,
      ['p.yml: YAML: its aliases lead in a circle or grow without end'],
    ],
  ] as const) {
    it(`tells ${what}`, () => {
      assert.deepEqual(
        faultsOf(() => parse(text)),
        expected,
      );
    });
  }

  it('tells every fault of a schema, each at its place', () => {
    const schema = z.strictObject({
      name: z.string(),
      count: z.number(),
      inner: z.strictObject({ x: z.boolean() }),
    });
    const file = parse('nmae: a\ncount: many\ninner:\n  x: 1\n  y: 2\n');
    assert.deepEqual(
      faultsOf(() => validateYaml(file, schema, [], ['name', 'count', 'inner'])).sort(),
      [
        'p.yml:1:1: `name` is missing: invalid input: expected string, received undefined',
        'p.yml:1:1: unknown key `nmae` (did you mean `name`?)',
        'p.yml:2:8: `count` is `"many"`: invalid input: expected number, received string',
        'p.yml:4:6: `inner.x` is `1`: invalid input: expected boolean, received number',
        'p.yml:5:3: unknown key `y` in `inner`',
      ],
    );
  });

  it('validates one part of a file', () => {
    const file = parse('a:\n  b: [1, two]\n');
    assert.deepEqual(
      faultsOf(() => validateYaml(file, z.array(z.number('expected a number')), ['a', 'b'])),
      ['p.yml:2:10: `a.b.1` is `"two"`: expected a number'],
    );
    assert.equal(validateYaml(file, z.number(), ['a', 'b', 0]), 1);
  });

  it('shows a long value by its beginning', () => {
    const [fault] = faultsOf(() =>
      validateYaml(parse(`a: ${'x'.repeat(500)}\n`), z.object({ a: z.number() })),
    );
    assert.match(fault ?? '', /^p\.yml:1:4: `a` is `"x{76}…`: /);
  });
});
