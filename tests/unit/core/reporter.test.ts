import assert from 'node:assert/strict';
import { Interrupted, UserError, UserErrors } from '../../../core/errors.ts';
import type { LogFormat } from '../../../core/reporter.ts';
import { recordReporter } from '../../support/reporter.ts';

function parseLines(text: string): Record<string, unknown>[] {
  assert.ok(text.endsWith('\n'));
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('core/reporter', () => {
  it('prints results on stdout and everything else on stderr', () => {
    const { reporter, out, err } = recordReporter();
    reporter.result('rows');
    reporter.info('working');
    reporter.warn('careful');
    reporter.fault(
      new UserError('it failed', {
        where: { path: 'a.sql', line: 2, column: 3 },
        hint: 'do\nthis',
      }),
    );
    assert.equal(out(), 'rows\n');
    assert.equal(
      err(),
      'working\nwarning: careful\nerror: a.sql:2:3: it failed\n  hint: do\n  this\n',
    );
  });

  it('prints several faults one after the other', () => {
    const { reporter, err } = recordReporter();
    reporter.fault(new UserErrors([new UserError('one'), new UserError('two', { hint: 'x' })]));
    assert.equal(err(), 'error: one\nerror: two\n  hint: x\n');
  });

  it('prints a bug with its stack and that of its cause', () => {
    const { reporter, err } = recordReporter();
    reporter.fault(new TypeError('above', { cause: new RangeError('below') }));
    assert.match(
      err(),
      /^this is a bug in FundLens[^\n]*\nTypeError: above\n {4}at .*\ncaused by: RangeError: below\n {4}at /s,
    );
  });

  it('prints what is thrown and no error', () => {
    const { reporter, err } = recordReporter();
    reporter.fault('text');
    assert.match(err(), /^this is a bug in FundLens[^\n]*\ntext\n$/);
  });

  it('writes one JSON object a line, its own keys safe from the facts', () => {
    const { reporter, err } = recordReporter('json');
    reporter.info('a "quoted"\nmessage', {
      rows: 3,
      big: 2n ** 60n,
      level: 'no',
      msg: 'no',
      nested: { a: ['b'] },
    });
    reporter.fault(
      new UserErrors([new UserError('one', { where: 'X', hint: 'do' }), new UserError('two')]),
    );
    reporter.fault(new Interrupted());
    const lines = parseLines(err());
    for (const line of lines) {
      assert.equal(line['program'], 'runner');
      assert.match(String(line['ts']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      delete line['ts'];
      delete line['program'];
    }
    assert.deepEqual(lines, [
      {
        level: 'info',
        msg: 'a "quoted"\nmessage',
        rows: 3,
        big: '1152921504606846976',
        nested: { a: ['b'] },
      },
      { level: 'error', msg: 'one', where: 'X', hint: 'do' },
      { level: 'error', msg: 'two' },
      { level: 'error', msg: 'interrupted; what was published stays' },
    ]);
  });

  for (const secret of [
    's3cret',
    `it's "q\\uoted"`,
    'p@ss/w:rd %',
    'ünïcødé',
    '","msg":"',
    'a.*b$&',
    'half \ud800',
  ]) {
    for (const format of ['text', 'json'] as const satisfies LogFormat[]) {
      it(`hides ${JSON.stringify(secret)} in ${format}`, () => {
        const { reporter, out, err } = recordReporter(format);
        reporter.addSecret(secret);
        const encoded = encodeURIComponent(Buffer.from(secret).toString());
        const text = `<${secret}|${encoded}|${encoded.toLowerCase()}>`;
        reporter.info(text, { fact: text, deep: [{ text }] });
        reporter.warn(text);
        reporter.result(text);
        reporter.result(JSON.stringify({ text }));
        reporter.fault(new UserError(text, { where: text, hint: text }));
        reporter.fault(new Error(text, { cause: new Error(text, { cause: text }) }));
        const printed = out() + err();
        for (const form of [secret, encoded, JSON.stringify(secret).slice(1, -1)]) {
          // The JSON lines themselves hold `","msg":"`; what counts there is what they say.
          if (format === 'text' || form !== '","msg":"')
            assert.ok(!printed.includes(form), printed);
        }
        assert.ok(printed.includes('*****'));
        if (format === 'json') {
          assert.deepEqual(
            parseLines(err()).map((line) => line['level']),
            ['info', 'warn', 'error', 'error'],
          );
        }
      });
    }
  }

  it('leaves no rest of a secret that begins with another', () => {
    const { reporter } = recordReporter();
    for (const secret of ['abcd', 'abcdefgh']) reporter.addSecret(secret);
    assert.equal(reporter.scrub('abcdefgh abcd'), '***** *****');
  });

  it('keeps ordinary words that are as short as a poor password', () => {
    const { reporter } = recordReporter();
    for (const secret of ['', 'a', 'the']) reporter.addSecret(secret);
    assert.equal(reporter.scrub('a path to the file'), 'a path to the file');
  });
});
