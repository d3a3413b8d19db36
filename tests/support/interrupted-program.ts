// A program whose one command waits for Ctrl-C; argv[2] says what it does then: `heed` it, or be `deaf`.

import { setTimeout as sleep } from 'node:timers/promises';
import { Interrupted } from '../../core/errors.ts';
import { endQuietlyOnClosedPipe, runProgram } from '../../core/program.ts';

endQuietlyOnClosedPipe();
process.exitCode = await runProgram('runner', 'text', async ({ reporter, signal }) => {
  if (process.argv[2] === 'print') {
    for (let n = 0; n < 50_000; n += 1) reporter.result(`line ${n}`);
    await sleep(50);
    return 0;
  }
  reporter.result('ready');
  for (let n = 0; n < 1200; n += 1) {
    await sleep(50);
    if (signal.aborted && process.argv[2] === 'heed') throw new Interrupted();
  }
  return 0;
});
