import assert from 'node:assert/strict';
import { renderText } from './render-text.ts';

describe('template: filters that walk', () => {
  // Jinja 3.1 gives the same texts.
  for (const [template, text] of [
    ["{{ 'a' in none|map('lower') }}", 'False'],
    ['{{ none|select|list }}', '[]'],
    ["{{ 0|rejectattr('x')|list }}", '[]'],
  ] as const) {
    it(`make nothing of what is falsy: ${template}`, () => {
      assert.equal(renderText(template), text);
    });
  }
});
