import assert from 'node:assert/strict';
import { parseState } from '../../../../core/embedded/state.ts';

const ready = {
  status: 'ready',
  atMs: 1,
  dataDir: '/d',
  socketDir: '/s',
  port: 5432,
  hasTcp: true,
  postmaster: { pid: 1, started: '2', host: 'h' },
};

describe('core/embedded/state', () => {
  it('reads what a watchdog says', () => {
    assert.deepEqual(parseState(ready), ready);
    assert.deepEqual(parseState({ status: 'stopped', atMs: 1 }), { status: 'stopped', atMs: 1 });
    const failed = { status: 'failed', atMs: 1, message: 'm', hint: 'h' };
    assert.deepEqual(parseState(failed), failed);
  });

  it('takes what is not whole for nothing said', () => {
    const broken = [undefined, [], { status: 'ready', atMs: 1 }, { ...ready, port: '5432' }];
    for (const value of [...broken, { status: 'odd', atMs: 1 }, { status: 'failed', atMs: 1 }]) {
      assert.equal(parseState(value), undefined);
    }
  });
});
