import assert from 'node:assert/strict';
import { z } from 'zod';
import { fromJson } from '../../../core/template/json.ts';
import { toText } from '../../../core/template/python-text.ts';
import { parseYaml, validateYaml } from '../../../core/yaml.ts';
import { faultsOf } from '../../support/faults.ts';

const parse = (text: string) => parseYaml({ path: 'p.yml', text });

/** What a template prints of the one value of a list. */
function printedOf(text: string): string {
  const { value } = parse(`[${text}]`);
  return Array.isArray(value) ? toText(fromJson(value[0])) : 'no list';
}

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

  // What PyYAML 6 makes of each, printed by Jinja; read from what dbt-core 1.10.23 compiles.
  const scalars: readonly (readonly [string, string])[] = [
    ['yes', 'True'],
    ['No', 'False'],
    ['on', 'True'],
    ['OFF', 'False'],
    ['y', 'y'],
    ['~', 'None'],
    ['1.0', '1.0'],
    ['-2.', '-2.0'],
    ['1.5e3', '1.5e3'],
    ['1.5e+3', '1500.0'],
    ['1e3', '1e3'],
    ['0.10', '0.1'],
    ['.5', '0.5'],
    ['-.5', '-.5'],
    ['010', '8'],
    ['09', '09'],
    ['0o17', '0o17'],
    ['0x1F', '31'],
    ['0b11', '3'],
    ['+1', '1'],
    ['1_000', '1000'],
    ['1__0', '10'],
    ['12:30', '750'],
    ['-1:30.5', '-90.5'],
    ['12345678901234567890', '12345678901234567890'],
    ['.inf', 'inf'],
    ['2020-01-01', '2020-01-01'],
    ['2020-01-02T03:04:05Z', '2020-01-02 03:04:05+00:00'],
    ['2020-1-2 3:04:05.5', '2020-01-02 03:04:05.500000'],
    ['2020-01-02 03:04:05 -7', '2020-01-02 03:04:05-07:00'],
    ["'1.0'", '1.0'],
  ];
  for (const [text, printed] of scalars) {
    it(`reads \`${text}\` as dbt's YAML 1.1 does`, () => {
      assert.equal(printedOf(text), printed);
    });
  }

  it('takes keys as they are written', () => {
    const { value } = parse('on: 1\n1.0: 2\nno: {off: 3}\n');
    assert.deepEqual(value, { on: 1, '1.0': 2, no: { off: 3 } });
  });

  it('takes a version without quotes as text where text may stand', () => {
    const schema = z.object({ version: z.union([z.string(), z.number()]), limit: z.number() });
    const read = (text: string) => validateYaml(parse(text), schema);
    assert.deepEqual(read('version: 1.0\nlimit: 2\n'), { version: '1.0', limit: 2 });
    assert.equal(faultsOf(() => read('version: 1\nlimit: 2.0\n')).length, 1);
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
