// The repository's own rules for SQL and its YAML: what a regular expression can see of them.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const root = fileURLToPath(new URL('../..', import.meta.url));
const layers = ['silver', 'gold'];

const testEntry = z.union([z.string(), z.record(z.string(), z.unknown())]);
const entry = z.object({
  name: z.string(),
  description: z.string().optional(),
  config: z.object({ column_types: z.record(z.string(), z.string()).optional() }).optional(),
  data_tests: z.array(testEntry).default([]),
  columns: z
    .array(
      z.object({
        name: z.string(),
        description: z.string().optional(),
        data_tests: z.array(testEntry).default([]),
      }),
    )
    .default([]),
});
type Entry = z.infer<typeof entry>;
const properties = z.object({
  models: z.array(entry).default([]),
  seeds: z.array(entry).default([]),
});

function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function filesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile() && file.name.endsWith(ending))
    .map((file) => join(file.parentPath, file.name).slice(root.length).replaceAll('\\', '/'))
    .sort();
}

function readProperties(path: string): z.infer<typeof properties> {
  return properties.parse(parse(readText(path)));
}

/** Returns the SQL as PostgreSQL's eye falls on it: no comments, templates or string contents. */
function bareSql(text: string): string {
  return text
    .replace(/\{#[\s\S]*?#\}/g, '')
    .replace(/\{%[\s\S]*?%\}/g, '')
    .replace(/\{\{[\s\S]*?\}\}/g, 'template')
    .replace(/--.*$/gm, '')
    .replace(/'(?:[^']|'')*'/g, "''");
}

/** Returns the faults of form that any SQL file may have. */
function formFaults(text: string): string[] {
  const sql = bareSql(text);
  const long = text.split('\n').findIndex((line) => line.length > 100);
  return [
    text.includes('\t') && 'a tab',
    text.includes('\r') && 'a carriage return',
    /[ ]+$/m.test(text) && 'blanks at the end of a line',
    (!text.endsWith('\n') || text.endsWith('\n\n')) && 'not one newline at the end',
    long >= 0 && `line ${long + 1} has more than 100 columns`,
    /[A-Z]/.test(sql) && 'upper case outside strings and comments',
    /^\s*,/m.test(sql) && 'a leading comma',
    /\b(?:from|join)\s*\(/.test(sql) && 'a subquery in `from`',
    /\b(?:bronze|silver|gold)\.\w/.test(sql) && 'a relation named without `source()` or `ref()`',
    /(?<!\b(?:left|inner|full|cross|right)\s)\bjoin\b/.test(sql) && 'a join of no stated kind',
  ].filter((fault) => fault !== false);
}

/** Returns the faults of a model: header, order of its parts, last step. */
function modelFaults(text: string): string[] {
  const sql = bareSql(text);
  const header = text.slice(0, text.search(/^[^-\n]/m));
  const missing = ['grain', 'source', 'units'].filter(
    (word) => !new RegExp(`^-- ${word}: \\S`, 'm').test(header),
  );
  return [
    ...formFaults(text),
    ...missing.map((word) => `no \`-- ${word}:\` line in the header`),
    !text.startsWith('-- grain: one row per ') && 'the header does not open with its grain',
    !/^with$/m.test(sql) && 'no `with` on a line of its own',
    !/^final as \($/m.test(sql) && 'no step named `final`',
    !text.endsWith('\n)\n\nselect * from final\n') && 'does not end in `select * from final`',
    /\bunion\b(?! all)/.test(sql) && '`union` without `all`',
    /\bselect distinct\b(?! on)/.test(sql) && '`select distinct`',
    /\b(?:float4?|float8|real|double precision)\b/.test(sql) && 'a floating-point type',
    text.split('\n').length > 151 && 'more than 150 lines',
  ].filter((fault) => fault !== false);
}

/** Returns the columns that the step `final` lists, in order. */
function finalColumns(text: string): readonly string[] {
  const step = /^final as \(\n\n {4}select\n([\s\S]*?)\n {4}from /m.exec(bareSql(text))?.[1] ?? '';
  const columns: string[] = [];
  let depth = 0;
  let column = '';
  for (const character of `${step},`) {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0;
    if (character !== ',' || depth > 0) {
      column += character;
      continue;
    }
    columns.push(/(\w+)\s*$/.exec(column)?.[1] ?? column);
    column = '';
  }
  return columns;
}

function testNames(tests: Entry['data_tests']): readonly string[] {
  return tests.flatMap((test) => (typeof test === 'string' ? [test] : Object.keys(test)));
}

/** Tells whether a test of the entry fails when two rows have the same grain. */
function hasGrainTest(node: Entry): boolean {
  if (testNames(node.data_tests).includes('unique_combination')) return true;
  return node.columns.some(({ data_tests }) => {
    const names = testNames(data_tests);
    return names.includes('unique') && names.includes('not_null');
  });
}

function undescribed(node: Entry): readonly string[] {
  return [node, ...node.columns].filter((part) => !part.description?.trim()).map((p) => p.name);
}

describe('house rules: models', () => {
  const models = layers.flatMap((layer) => filesIn(`models/${layer}`, '.sql'));

  it('finds the models it speaks of', () => {
    assert.ok(models.includes('models/silver/contributions.sql'));
    assert.ok(models.includes('models/gold/committee_summary.sql'));
  });

  for (const path of models) {
    const name = basename(path, '.sql');
    const layer = path.split('/')[1] ?? '';
    const declared = readProperties(`models/${layer}/_${layer}.yml`);
    const node = declared.models.find((model) => model.name === name);

    it(`${path} has the form of the house`, () => {
      assert.deepEqual(modelFaults(readText(path)), []);
    });

    it(`${path} is described, with a test of its grain, in _${layer}.yml`, () => {
      assert.ok(node, `no entry \`${name}\``);
      assert.deepEqual(undescribed(node), []);
      assert.match(node.description ?? '', /^One row per /);
      assert.ok(hasGrainTest(node), 'no `unique` with `not_null`, and no `unique_combination`');
    });

    it(`${path} has each of its columns documented, in their order`, () => {
      assert.deepEqual(
        node?.columns.map((column) => column.name),
        finalColumns(readText(path)),
      );
    });
  }

  it('documents no model that is not there', () => {
    const documented = layers.flatMap((layer) =>
      readProperties(`models/${layer}/_${layer}.yml`).models.map(
        ({ name }) => `models/${layer}/${name}.sql`,
      ),
    );
    assert.deepEqual(documented.sort(), [...models].sort());
  });
});

describe('house rules: macros and SQL tests', () => {
  for (const path of filesIn('macros', '.sql')) {
    it(`${path} holds one macro of its own name and says what it is for`, () => {
      const text = readText(path);
      const names = [...text.matchAll(/\{%-?\s*macro\s+(\w+)/g)].map(([, name]) => name);
      assert.deepEqual(names, [basename(path, '.sql')]);
      assert.match(text, /^\{#/);
      assert.deepEqual(formFaults(text), []);
    });
  }

  for (const path of filesIn('tests/data', '.sql')) {
    it(`${path} has the form of the house`, () => {
      assert.deepEqual(formFaults(readText(path)), []);
    });
  }

  for (const path of filesIn('tests/data', '.sql').filter((file) => !file.includes('/generic/'))) {
    it(`${path} names a fact and says what must hold, how nearly and how severely`, () => {
      assert.match(basename(path), /^assert_/);
      assert.match(readText(path), /^-- must hold: [\s\S]*^-- tolerance: [\s\S]*^-- severity: /m);
    });
  }
});

describe('house rules: seeds', () => {
  const declared = readProperties('seeds/_seeds.yml').seeds;

  for (const path of filesIn('seeds', '.csv')) {
    it(`${path} has each column described and typed, in its order, and a key`, () => {
      const header = readText(path).split('\n', 1)[0]?.split(',') ?? [];
      const node = declared.find((seed) => seed.name === basename(path, '.csv'));
      assert.ok(node, 'no entry in _seeds.yml');
      assert.deepEqual(undescribed(node), []);
      assert.deepEqual(
        node.columns.map((column) => column.name),
        header,
      );
      assert.deepEqual(Object.keys(node.config?.column_types ?? {}), header);
      assert.ok(hasGrainTest(node));
    });
  }
});

describe('house rules: the rules themselves', () => {
  const good = readText('models/gold/contributions_monthly.sql');
  const breaches: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    ['a missing unit', (text) => text.replace('-- units:', '-- money:'), /-- units:/],
    ['upper case', (text) => text.replace('group by', 'GROUP BY'), /upper case/],
    ['a tab', (text) => text.replace('    cycle', '\tcycle'), /a tab/],
    ['a long line', (text) => text.replace('as month', `as month${' '.repeat(90)}`), /100 col/],
    ['no last newline', (text) => text.trimEnd(), /newline at the end/],
    ['another last step', (text) => text.replace('final as', 'last_step as'), /named `final`/],
    ['a bare relation', (text) => text.replace(/\{\{ ref.*\}\}/, 'silver.x'), /without `source/],
    ['a subquery', (text) => text.replace('from {{', 'from (select 1) {{'), /subquery/],
    ['a bare join', (text) => text.replace('    where\n', '    join y\n    where\n'), /join of no/],
    ['a leading comma', (text) => text.replace(',\n        com', '\n        , com'), /leading/],
    ['a float', (text) => text.replace('count(*)', 'cast(1 as real)'), /floating/],
  ];

  for (const [breach, breakIt, fault] of breaches) {
    it(`find ${breach}`, () => {
      assert.deepEqual(modelFaults(good), []);
      assert.match(modelFaults(breakIt(good)).join('\n'), fault);
    });
  }

  it('read the columns of the last step, casts and calls with commas too', () => {
    const text = 'final as (\n\n    select\n        a.b,\n        f(c, d) as e\n    from x\n';
    assert.deepEqual(finalColumns(text), ['b', 'e']);
  });
});
