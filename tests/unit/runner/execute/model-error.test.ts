import { equal } from 'node:assert/strict';
import { bodyPosition, caretExcerpt } from '../../../../runner/execute/model-error.ts';

describe('runner/execute/model-error', () => {
  const origin = { node: 'model.shop.a', sql: "select '😀', x", sqlMap: [], path: 'models/a.sql' };

  it('counts characters as the server does, after the prefix that was sent', () => {
    const sent = `/* ñ😀 */ create table t as\n${origin.sql}`;
    const bodyOffset = sent.indexOf('select');
    // x is the 40th character: 27 before the select, 12 more before x, each pictograph being one.
    const position = [...sent.slice(0, sent.indexOf('x', bodyOffset))].length + 1;
    equal(position, 40);
    equal(bodyPosition(position, { ...origin, sent, bodyOffset }), origin.sql.indexOf('x'));
  });

  it('has no place for a position in the prefix, behind the end, or for none', () => {
    const around = { ...origin, sent: `create ${origin.sql}) as t`, bodyOffset: 7 };
    equal(bodyPosition(3, around), undefined);
    equal(bodyPosition(24, around), undefined);
    equal(bodyPosition(Number.NaN, around), undefined);
  });

  it('puts the caret under the place, tabs kept', () => {
    const sql = 'select\n\tone,\n\ttwo\nfrom t';
    equal(caretExcerpt(sql, sql.indexOf('two')), '3 | \ttwo\n    \t^');
    equal(caretExcerpt(sql, 0), '1 | select\n    ^');
    equal(caretExcerpt(sql, sql.length), '4 | from t\n          ^');
  });
});
