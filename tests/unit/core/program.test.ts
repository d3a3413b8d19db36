import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Argv } from 'yargs';
import { Interrupted, UserError } from '../../../core/errors.ts';
import {
  type ExitCode,
  parseCommandLine,
  type RunCommand,
  runProgram,
} from '../../../core/program.ts';
import { startScript, waitForEnd } from '../../support/child.ts';

/** Runs with what is written to stderr caught. */
async function catchErr<T>(run: () => Promise<T>): Promise<{ result: T; err: string }> {
  const { write } = process.stderr;
  let err = '';
  process.stderr.write = (chunk: string | Uint8Array) => {
    err += String(chunk);
    return true;
  };
  try {
    return { result: await run(), err };
  } finally {
    process.stderr.write = write;
  }
}

describe('core/program', () => {
  describe('exits with', () => {
    const cases: readonly (readonly [ExitCode, string, () => Promise<ExitCode>, RegExp])[] = [
      [0, 'for a command that went well', async () => 0, /^$/],
      [1, 'for a command that says so', async () => 1, /^$/],
      [
        1,
        'for a fault of a run',
        () => Promise.reject(new UserError('it failed', { exitCode: 1 })),
        /^error: it failed\n$/,
      ],
      [
        2,
        'where nothing was run',
        () => Promise.reject(new UserError('no project')),
        /^error: no project\n$/,
      ],
      [
        1,
        'for a bug',
        () => Promise.reject(new TypeError('oops')),
        /^this is a bug[^\n]*\nTypeError: oops\n/,
      ],
    ];
    for (const [code, when, command, printed] of cases) {
      it(`${code} ${when}`, async () => {
        const { result, err } = await catchErr(() => runProgram('runner', 'text', command));
        assert.equal(result, code);
        assert.match(err, printed);
      });
    }

    it('130 after SIGINT, whatever the command does about it', async () => {
      for (const answer of [
        async (): Promise<ExitCode> => 0,
        () => Promise.reject(new Interrupted()),
        () => Promise.reject(new Error('57014')),
      ]) {
        const { result, err } = await catchErr(() =>
          runProgram('runner', 'text', async ({ signal }) => {
            const aborted = once(signal, 'abort');
            process.kill(process.pid, 'SIGINT');
            await aborted;
            return answer();
          }),
        );
        assert.equal(result, 130);
        assert.match(
          err,
          /^stopping: running statements are cancelled \(Ctrl-C again ends at once\)\n/,
        );
        assert.doesNotMatch(err, /bug/);
      }
    });
  });

  it('takes its signal handlers away', async () => {
    const before = process.listenerCount('SIGINT') + process.listenerCount('SIGTERM');
    await runProgram('runner', 'text', async () => 0);
    assert.equal(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM'), before);
  });

  describe('as a process', function () {
    this.timeout(20_000);

    it('stops at the first Ctrl-C with 130', async () => {
      const child = startScript('interrupted-program.ts', ['heed']);
      const ended = waitForEnd(child);
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      const { code, err } = await ended;
      assert.equal(code, 130);
      assert.match(err, /interrupted; what was published stays\n$/);
    });

    it('ends at once at the second Ctrl-C, though the command is deaf', async () => {
      const child = startScript('interrupted-program.ts', ['deaf']);
      const ended = waitForEnd(child);
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      await once(child.stderr, 'data');
      const killedAtMs = Date.now();
      child.kill('SIGINT');
      assert.equal((await ended).signal, 'SIGINT');
      assert.ok(Date.now() - killedAtMs < 8000);
    });

    it('is quiet when its reader has gone', async () => {
      const child = startScript('interrupted-program.ts', ['print']);
      child.stdout.once('data', () => child.stdout.destroy());
      const { code, err } = await waitForEnd(child);
      assert.deepEqual([code, err], [0, '']);
    });
  });

  describe('parseCommandLine', () => {
    const declare = (cli: Argv, run: RunCommand): Argv =>
      cli
        .command(
          'build',
          'builds',
          (command) => command.option('limit', { type: 'number', requiresArg: true }),
          () => run(async () => 1),
        )
        .command('crash', 'has a bug', {}, () => {
          throw new TypeError('oops');
        });
    const cases: readonly (readonly [string, ExitCode, RegExp])[] = [
      ['build', 1, /^$/],
      ['', 2, /^error: name a command\n {2}hint: see `runner --help`\n$/],
      ['buidl', 2, /^error: .*build.*\n {2}hint: see `runner --help`\n$/],
      ['build --selct x', 2, /^error: unknown argument.*selct.*\n {2}hint: /],
      ['build --limit', 2, /^error: not enough arguments following: limit\n {2}hint: /],
      ['build --log-format xml', 2, /^error: invalid values.*xml.*\n {2}hint: /],
      ['build --selct --log-format json', 2, /^\{"level":"error",.*\}\n$/],
      ['crash', 1, /^this is a bug/],
    ];
    for (const [line, code, printed] of cases) {
      it(`ends \`${line}\` with ${code}`, async () => {
        const { result, err } = await catchErr(() =>
          parseCommandLine('runner', line.split(' ').filter(Boolean), declare),
        );
        assert.match(err, printed);
        assert.equal(result, code);
      });
    }
  });
});
