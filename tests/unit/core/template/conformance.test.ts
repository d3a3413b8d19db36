import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { recordedScope, renderFault, renderText } from './render-text.ts';

interface Case {
  readonly name?: string;
  readonly template: string;
  readonly jinja2: string;
  /** Rendered by Jinja2, refused here on purpose. */
  readonly refused?: boolean;
}

function readCases(name: string): readonly Case[] {
  const url = new URL(`../../../fixtures/${name}`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(url, 'utf8')) as { cases: readonly Case[] };
  return cases;
}

for (const file of ['template-cases.json', 'template-cases-more.json']) {
  describe(`template: the answers of Jinja2 in ${file}`, () => {
    for (const [index, { name, template, jinja2, refused }] of readCases(file).entries()) {
      const title = `${index} ${name ?? ''} ${JSON.stringify(template).slice(0, 90)}`;
      if (refused === true || jinja2.startsWith('!!')) {
        it(`${title} is refused with its place`, () => {
          const fault = renderFault(template, recordedScope);
          assert.ok(typeof fault.where === 'object' && fault.where.line !== undefined);
          assert.equal(fault.where.path, 'models/a.sql');
        });
      } else {
        it(`${title} renders as in Jinja2`, () => {
          assert.equal(renderText(template), jinja2);
        });
      }
    }
  });
}
