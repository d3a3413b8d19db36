import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  identifyProcess,
  isAlive,
  parseLinuxStat,
  parseProcessId,
  thisProcess,
} from '../../../../core/embedded/processes.ts';

describe('core/embedded/processes', () => {
  it('names this process alive', () => {
    assert.equal(thisProcess().pid, process.pid);
    assert.equal(isAlive(thisProcess()), true);
  });

  it('tells a process from an earlier one of the same number', () => {
    assert.equal(isAlive({ ...thisProcess(), started: '1' }), false);
  });

  it('takes no process of another boot or container for its own', () => {
    assert.equal(isAlive({ ...thisProcess(), host: 'elsewhere' }), false);
  });

  it('knows a process no more when it has ended', async () => {
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(child, 'exit');
    assert.equal(child.pid === undefined ? undefined : identifyProcess(child.pid), undefined);
  });

  it('reads the state and start of a process whose name has spaces and brackets', () => {
    const fields = Array.from({ length: 40 }, (_, index) => String(index + 5));
    const stat = `4711 (odd ) name (x)) Z ${['1', ...fields].join(' ')}`;
    // Field 22 of proc(5) is the start time: with state as field 3 and 4 being '1', field n is '' + n.
    assert.deepEqual(parseLinuxStat(stat), { state: 'Z', started: '22' });
  });

  it('refuses what is no process id', () => {
    for (const value of [undefined, null, 1, {}, { pid: '1', started: 'x', host: 'y' }]) {
      assert.equal(parseProcessId(value), undefined);
    }
  });
});
