import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  isStorable,
  type JsonNode,
  JsonSyntaxError,
  parseExactJson,
  scalarText,
} from '../../../../extract/api/exact-json.ts';

/** What JSON.parse would give; numbers through their text. */
function plain(node: JsonNode): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries([...node.members].map(([name, value]) => [name, plain(value)]));
    case 'array':
      return node.items.map(plain);
    case 'string':
      return node.text;
    case 'number':
      return Number(node.text);
    case 'boolean':
      return node.value;
    default:
      return null;
  }
}

function member(text: string, name: string): JsonNode | undefined {
  const node = parseExactJson(text);
  return node.kind === 'object' ? node.members.get(name) : undefined;
}

describe('extract/api/exact-json', () => {
  it('keeps every digit of a number', () => {
    const text = '{"link_id": 4103120171461553241, "amount": 0.10, "tiny": -1.50e-7}';
    assert.equal(scalarText(member(text, 'link_id')), '4103120171461553241');
    assert.equal(scalarText(member(text, 'amount')), '0.10');
    assert.equal(scalarText(member(text, 'tiny')), '-1.50e-7');
  });

  it('knows where the text of each value lies', () => {
    const text = ' {"a": [1, {"b": "x\\u00e9\\n"}]} ';
    const list = member(text, 'a');
    assert.equal(list?.kind, 'array');
    const items = list?.kind === 'array' ? list.items : [];
    assert.deepEqual(
      items.map(({ start, end }) => text.slice(start, end)),
      ['1', '{"b": "x\\u00e9\\n"}'],
    );
  });

  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.boolean(), (json, isIndented) => {
        const text = isIndented ? JSON.stringify(JSON.parse(json), null, 2) : json;
        // A name that stands twice counts as its last one, in both; `__proto__` is a name like others.
        fc.pre(!text.includes('__proto__'));
        assert.deepEqual(plain(parseExactJson(text)), JSON.parse(text));
      }),
    );
  });

  it('refuses what JSON.parse refuses', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '1',
      '-',
      '01',
      '1.',
      'tru',
      'null',
      '"\t"',
      ' ',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        if (isJson) parseExactJson(text);
        else assert.throws(() => parseExactJson(text), JsonSyntaxError);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives up on a text that is nested without end', () => {
    assert.throws(() => parseExactJson('['.repeat(100_000)), JsonSyntaxError);
  });

  for (const [text, can] of [
    ['{"a": "plain"}', true],
    ['{"a": "\\u0000"}', false],
    ['{"a\\u0000": 1}', false],
    ['{"a": ["\\ud83d\\ude00"]}', true],
    ['{"a": ["\\ud83d"]}', false],
    ['{"a": "\\ude00\\ud83d"}', false],
    ['{"a": 1e5}', true],
    ['{"a": 1e999999999}', false],
  ] as const) {
    it(`says that PostgreSQL ${can ? 'can' : 'cannot'} store ${text}`, () => {
      assert.equal(isStorable(parseExactJson(text)), can);
    });
  }
});
