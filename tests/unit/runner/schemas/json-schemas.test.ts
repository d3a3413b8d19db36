import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../../core/package-root.ts';
import { jsonSchemas } from '../../../../runner/schemas/json-schemas.ts';
import { findUnknownKeys, type JsonSchema } from '../../../../runner/schemas/to-json-schema.ts';

const folder = join(packageRoot(), 'runner', 'schemas');

function textOf(schema: JsonSchema): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function written(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
}

describe('runner/schemas', () => {
  const schemas = Object.entries(jsonSchemas());

  // `UPDATE_GOLDEN=1` writes the files anew; `npm run format` then lays them out.
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(folder, { recursive: true });
    for (const [name, schema] of schemas)
      writeFileSync(join(folder, `${name}.json`), textOf(schema));
  }

  for (const [name, schema] of schemas) {
    it(`keeps ${name}.json as the schemas in code have it`, () => {
      assert.deepEqual(written(name), JSON.parse(textOf(schema)));
    });
  }

  it('keeps no file that no schema makes', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
    assert.deepEqual(files.sort(), schemas.map(([name]) => `${name}.json`).sort());
  });

  it('offers the configs of a model in a property file, and those of a folder with `+`', () => {
    const { properties, dbt_project } = jsonSchemas();
    const models = properties?.properties?.['models']?.anyOf?.find(({ items }) => items);
    const config = models?.items?.properties?.['config']?.anyOf?.find((it) => it.properties);
    const keys = Object.keys(config?.properties ?? {});
    for (const key of ['materialized', 'indexes', 'unique_key', 'pre_hook', 'grants']) {
      assert.ok(keys.includes(key), key);
    }
    const definitions = Object.entries(dbt_project?.['definitions'] ?? {});
    const tree = definitions.find(([key]) => key === 'models')?.[1];
    assert.ok(Object.keys(tree.properties).includes('+materialized'));
  });

  it('lets a template stand where a number, a boolean or a word is expected', () => {
    const profiles = textOf(jsonSchemas()['profiles'] ?? {});
    assert.match(profiles, /"port": \{\s+"anyOf"/);
    assert.match(profiles, /"pattern": "\\\\\{\\\\\{"/);
  });

  it('finds a key that no alternative of a schema knows, and none in a map of the user’s', () => {
    const schema: JsonSchema = {
      type: 'object',
      additionalProperties: false,
      properties: {
        list: {
          anyOf: [
            {
              type: 'array',
              items: { type: 'object', properties: { a: {} }, additionalProperties: false },
            },
            { type: 'null' },
          ],
        },
        free: { type: 'object', additionalProperties: {} },
      },
    };
    assert.deepEqual(
      findUnknownKeys(schema, { list: [{ a: 1 }, { b: 1 }], free: { x: 1 }, y: 1 }),
      [
        { path: ['list', 1], key: 'b', known: ['a'] },
        { path: [], key: 'y', known: ['list', 'free'] },
      ],
    );
  });
});
