import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../../core/package-root.ts';
import type { ParseCache } from '../../../../core/parse-cache.ts';
import { splitMacroFile } from '../../../../core/template/macro-file.ts';
import { parseTemplate, type Template } from '../../../../core/template/parse.ts';
import { renderTemplate } from '../../../../core/template/render.ts';
import { parseYaml } from '../../../../core/yaml.ts';
import { scopeOf } from './render-text.ts';

/** A cache that keeps what a file would keep. */
class TextCache implements ParseCache {
  readonly texts = new Map<string, string>();
  hits = 0;

  get(key: string): unknown {
    const text = this.texts.get(key);
    if (text === undefined) return undefined;
    this.hits += 1;
    return JSON.parse(text);
  }

  set(key: string, value: unknown): void {
    this.texts.set(key, JSON.stringify(value));
  }
}

/** The templates of the conformance cases. */
function caseTexts(): string[] {
  return ['template-cases.json', 'template-cases-more.json'].flatMap((name) => {
    const text = readFileSync(join(packageRoot(), 'tests/fixtures', name), 'utf8');
    return [...text.matchAll(/"template": ("(?:[^"\\]|\\.)*")/g)].map(([, quoted]) =>
      String(JSON.parse(quoted ?? '""')),
    );
  });
}

/** Optional parts that are absent are left out by JSON; to read them gives undefined either way. */
function withoutAbsent(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withoutAbsent);
  if (typeof part !== 'object' || part === null || part instanceof Set) return part;
  const kept = Object.entries(part).filter(([, child]) => child !== undefined);
  const copy: unknown = Object.assign(
    Object.create(Object.getPrototypeOf(part)),
    Object.fromEntries(kept.map(([key, child]) => [key, withoutAbsent(child)])),
  );
  return copy;
}

function parseOrNothing(text: string, cache?: ParseCache): Template | undefined {
  try {
    return parseTemplate({ path: 'a.sql', text }, cache);
  } catch {
    return undefined;
  }
}

describe('cached parses', () => {
  it('of every conformance case are the trees that parsing gives', function () {
    // More than a thousand trees, on a machine that may be busy.
    this.timeout(20_000);
    const cache = new TextCache();
    const texts = [
      ...caseTexts(),
      '{{ 1.5 }}{{ 1.0 }}{{ 99999999999999999999 }}{{ 1e400 }}{{ none }}{{ "$" }}',
      "{% macro m(a, b=2.0) %}{% set c = {'$': 'int', 'of': '1'} %}{{ c }}{% endmacro %}",
    ];
    assert.ok(texts.length > 300);
    let read = 0;
    for (const text of texts) {
      const parsed = parseOrNothing(text, cache);
      if (parsed === undefined) continue;
      read += 1;
      const again = parseOrNothing(text, cache);
      assert.deepEqual(withoutAbsent(again?.root), withoutAbsent(parsed.root), text);
    }
    assert.ok(cache.hits >= read);
  });

  it('render the same text', () => {
    const cache = new TextCache();
    const text =
      '{% macro m(a, b=2.0) %}{{ a }}/{{ b }}/{{ 99999999999999999999 }}{% endmacro %}{{ m(1.0) }}';
    const first = renderTemplate(parseTemplate({ path: 'a', text }, cache), scopeOf({}));
    const second = renderTemplate(parseTemplate({ path: 'a', text }, cache), scopeOf({}));
    assert.equal(second.text, '1.0/2.0/99999999999999999999');
    assert.deepEqual(second, first);
    assert.equal(cache.hits, 1);
  });

  it('serve each file that holds the text, under its own path and first line', () => {
    const cache = new TextCache();
    const text = '{% macro m() %}{{ x }}{% endmacro %}';
    assert.equal(splitMacroFile({ path: 'one.sql', text }, cache)[0]?.path, 'one.sql');
    assert.equal(splitMacroFile({ path: 'two.sql', text }, cache)[0]?.path, 'two.sql');
    assert.equal(cache.hits, 1);
    parseTemplate({ path: 'a', text: '{{ x }}', firstLine: 1 }, cache);
    const lower = parseTemplate({ path: 'a', text: '{{ x }}', firstLine: 7 }, cache);
    assert.equal(lower.root.body[0]?.line, 7);
  });

  it('of a faulty text are never kept', () => {
    const cache = new TextCache();
    assert.throws(() => parseTemplate({ path: 'a', text: '{% if %}' }, cache));
    assert.throws(() => parseYaml({ path: 'a', text: 'a: [' }, cache));
    assert.equal(cache.texts.size, 0);
  });

  it('of YAML have the same values and places', () => {
    const cache = new TextCache();
    const text = 'a: &x {b: [1, é]}\n2020: *x\n__proto__: {c: 1}\n';
    const first = parseYaml({ path: 'a.yml', text }, cache);
    const second = parseYaml({ path: 'b.yml', text }, cache);
    assert.equal(cache.hits, 1);
    assert.deepEqual(second.value, first.value);
    for (const path of [['a', 'b', 1], ['2020'], ['__proto__', 'c'], ['nope'], []]) {
      assert.deepEqual(second.placeOf(path), { ...first.placeOf(path), path: 'b.yml' });
      assert.deepEqual(second.placeOfKey(path), { ...first.placeOfKey(path), path: 'b.yml' });
    }
    assert.deepEqual(second.placeOf(['a', 'b', 1]), { path: 'b.yml', line: 1, column: 15 });
  });

  it('of YAML that JSON cannot hold are not kept', () => {
    const cache = new TextCache();
    assert.deepEqual(parseYaml({ path: 'a', text: '[.inf, .nan]' }, cache).value, [Infinity, NaN]);
    assert.equal(cache.texts.size, 0);
  });
});
