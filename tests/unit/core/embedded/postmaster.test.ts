import assert from 'node:assert/strict';
import { recogniseObstacle } from '../../../../core/embedded/postmaster.ts';
import { parsePostmasterFile } from '../../../../core/embedded/postmaster-file.ts';

// As written by PostgreSQL 18.4.
const readyFile = [
  '14089',
  '/tmp/p/.fundlens/pg18',
  '1795466695',
  '43929',
  '/tmp/fundlens-0/f86abfdf6451/s',
  '127.0.0.1',
  '  1234567         5',
  'ready   ',
  '',
].join('\n');

describe('core/embedded/postmaster', () => {
  it('reads who runs a cluster, where, and whether it is ready', () => {
    assert.deepEqual(parsePostmasterFile(readyFile), {
      pid: 14089,
      port: 43929,
      socketDir: '/tmp/fundlens-0/f86abfdf6451/s',
      hasTcp: true,
      status: 'ready',
    });
  });

  it('takes a file that is still being written for a server that is not ready', () => {
    const early = readyFile.split('\n').slice(0, 5).join('\n');
    assert.equal(parsePostmasterFile(early)?.status, 'unknown');
    assert.equal(parsePostmasterFile(early)?.hasTcp, false);
    assert.equal(parsePostmasterFile(''), undefined);
  });

  it('recognises what stands in the way of a start', () => {
    const cases = [
      ['FATAL:  lock file "postmaster.pid" already exists', 'running'],
      ['FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use', 'orphans'],
      ['LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', 'port'],
      ['FATAL:  could not map anonymous shared memory: Cannot allocate memory', 'memory'],
      ['FATAL:  configuration file "x" contains errors', 'other'],
    ] as const;
    for (const [log, obstacle] of cases) assert.equal(recogniseObstacle(log), obstacle);
  });
});
