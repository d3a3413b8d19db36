import { equal } from 'node:assert/strict';
import { inferType, noEvidence, weigh } from '../../../../runner/execute/infer-types.ts';

describe('runner/execute/infer-types', () => {
  const cases: readonly (readonly [string, string, ...string[]])[] = [
    ['integers', 'integer', '0', '-5', '2147483647', ''],
    ['one beyond 32 bits', 'bigint', '1', '2147483648'],
    ['the lowest bigint', 'bigint', '-9223372036854775808'],
    ['one beyond 64 bits', 'numeric', '9223372036854775808'],
    ['integers and decimals', 'numeric', '1', '0.50'],
    ['a leading zero', 'text', '01', '2'],
    ['a leading plus, an exponent or a currency', 'text', '+1', '1e5', '$3'],
    ['truth', 'boolean', 'true', 'False', ''],
    ['truth and a number', 'text', 'true', '1'],
    ['days', 'date', '2020-02-29', '1999-12-31', '0001-01-01'],
    ['a day that is none', 'text', '2019-02-29'],
    ['days and times', 'timestamp', '2020-01-01', '2020-01-01T23:59:59.5'],
    ['an hour that is none', 'text', '2020-01-01 24:00'],
    ['nothing at all', 'text', '', ''],
  ];
  for (const [title, expected, ...values] of cases) {
    it(`takes ${title} for ${expected}`, () => {
      equal(inferType(values.reduce(weigh, noEvidence)), expected);
    });
  }
});
