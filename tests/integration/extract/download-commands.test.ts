// `extract download`, `extract plan` and `extract bulk` without a folder, as processes, against a file server.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../../../core/connection.ts';
import { buildZip } from '../../support/build-zip.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { sampleDir, startExtract } from '../../support/extract.ts';
import { etagOf, useFecServer } from '../../support/fec-server.ts';
import { queryOnce } from '../../support/query.ts';
import { unzipOnly } from '../../support/unzip.ts';

const masters = ['cm', 'cn', 'ccl'];

describe('extract and the FEC file server', function () {
  this.timeout(60_000);
  useDatabase();
  const server = useFecServer();
  let connection: Connection;
  let cacheDir = '';
  beforeEach(async () => {
    connection = await createDatabase();
    cacheDir = mkdtempSync(join(tmpdir(), 'fundlens-cache-'));
    for (const name of masters) {
      server.current.put(`/2020/${name}20.zip`, readFileSync(join(sampleDir, `${name}20.zip`)));
    }
  });
  afterEach(() => rmSync(cacheDir, { recursive: true, force: true }));

  const words = (command: string) => [command, '--cycle', '2020'];
  const envOf = (env: NodeJS.ProcessEnv = {}) => ({
    FEC_BULK_URL: server.current.url,
    FUNDLENS_CACHE_DIR: cacheDir,
    ...env,
  });
  const start = (command: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    startExtract(connection, command, envOf(env));
  const listCache = () => readdirSync(cacheDir).filter((name) => name !== '.gitignore');
  const seen = () =>
    server.current.requests.map(({ method, path, status }) => `${method} ${path} ${status}`);
  const loads = () =>
    queryOnce(
      connection,
      'select dataset, rows_read::int as rows, etag, extract(epoch from last_modified)::int as modified from bronze.loads order by load_id',
    );

  it('loads a cycle from nothing by one command, and an unchanged one by one request a file', async () => {
    const first = await start([...words('bulk'), '--dataset', 'cm,cn,ccl']).ended;
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /^3 files loaded, 0 unchanged, 19,294 rows/);
    const modified = Date.UTC(2019, 2, 18, 0, 9, 12) / 1000;
    assert.deepEqual(
      await loads(),
      [
        ['cm', 11_605],
        ['cn', 3_937],
        ['ccl', 3_752],
      ].map(([dataset, rows]) => ({
        dataset,
        rows,
        etag: etagOf(readFileSync(join(sampleDir, `${dataset}20.zip`))),
        modified,
      })),
    );
    server.current.requests.length = 0;
    const second = await start([...words('bulk'), '--dataset', 'cm,cn,ccl']).ended;
    assert.match(second.out, /^0 files loaded, 3 unchanged/);
    assert.deepEqual(
      seen().sort(),
      ['ccl', 'cm', 'cn'].map((name) => `GET /2020/${name}20.zip 304`),
    );
    // Without its cache too: the ledger knows the version.
    rmSync(cacheDir, { recursive: true });
    server.current.requests.length = 0;
    const third = await start([...words('bulk'), '--dataset', 'cm,cn,ccl']).ended;
    assert.match(third.out, /^0 files loaded, 3 unchanged/);
    assert.equal(server.current.requests.filter(({ status }) => status === 304).length, 3);
  });

  it('passes over what the FEC does not have, unless it was asked for', async () => {
    const run = await start(words('download')).ended;
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /does not have .*`indiv20\.zip`.*: passed over/);
    assert.match(run.out, /^3 files fetched, 0 unchanged, 0\.9 MB|^3 files fetched, 0 unchanged/);
    assert.deepEqual(
      listCache()
        .filter((name) => name.endsWith('.zip'))
        .sort(),
      ['ccl20.zip', 'cm20.zip', 'cn20.zip'],
    );
    const asked = await start([...words('download'), '--dataset', 'indiv']).ended;
    assert.equal(asked.code, 1);
    assert.match(asked.err, /error: --dataset: the FEC does not have `indiv20\.zip`\n {2}hint: /);
  });

  it('loads what came, tells what did not, and exits 1', async () => {
    server.current.fail('/2020/cn20.zip', [{ kind: 'status', status: 403 }]);
    const run = await start([...words('bulk'), '--dataset', 'cm,cn']).ended;
    assert.equal(run.code, 1);
    assert.match(run.err, /\/2020\/cn20\.zip: the server answers HTTP `403`\n {2}hint: /);
    assert.match(run.out, /^1 file loaded, 0 unchanged, 1 failed/);
    assert.deepEqual(
      (await loads()).map(({ dataset }) => dataset),
      ['cm'],
    );
  });

  it('ends with the right rows and ledger after every fault of a download, and loses nothing to those that stay', async () => {
    const next = (name: string, member: string): Buffer => {
      const text = unzipOnly(readFileSync(join(sampleDir, `${name}20.zip`))).toString('latin1');
      const lines = text.trimEnd().split('\n').slice(0, -3);
      return buildZip([{ name: member, data: Buffer.from(`${lines.join('\n')}\n`, 'latin1') }]);
    };
    const cn = readFileSync(join(sampleDir, 'cn20.zip'));
    server.current.fail('/2020/cm20.zip', [
      { kind: 'reset' },
      { kind: 'cut', afterBytes: 40_000 },
      { kind: 'status', status: 503 },
      { kind: 'shift-range', by: 7 },
    ]);
    server.current.fail('/2020/cn20.zip', [
      { kind: 'html' },
      { kind: 'cut', afterBytes: 40_000 },
      // Another file in the middle of the first: the part of the old one is of no use.
      { kind: 'change', to: next('cn', 'cn.txt') },
      { kind: 'flip', atByte: 5_000 },
    ]);
    server.current.fail('/2020/ccl20.zip', Array(9).fill({ kind: 'status', status: 403 }));
    const run = await start([...words('bulk'), '--dataset', 'cm,cn,ccl']).ended;
    assert.equal(run.code, 1, run.err);
    assert.match(run.err, /ccl20\.zip: the server answers HTTP `403`/);
    assert.match(run.out, /^2 files loaded, 0 unchanged, 1 failed, 15,539 rows, 0 rejected/);
    const rows = () =>
      queryOnce(
        connection,
        `select (select count(*)::int from bronze.fec_cm) as cm, (select count(*)::int from bronze.fec_cn) as cn,
                (select count(*)::int from bronze.fec_ccl) as ccl, (select count(*)::int from bronze.loads) as loads`,
      );
    assert.deepEqual(await rows(), [{ cm: 11_605, cn: 3_934, ccl: 0, loads: 2 }]);
    server.current.fail('/2020/ccl20.zip', []);
    server.current.put('/2020/cn20.zip', cn);
    const again = await start([...words('bulk'), '--dataset', 'cm,cn,ccl']).ended;
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(await rows(), [{ cm: 11_605, cn: 3_937, ccl: 3_752, loads: 4 }]);
  });

  it('plans without fetching or loading, and sees what the ledger has', async () => {
    const planWords = [...words('plan'), '--dataset', 'cm,cn', '--json'];
    const before = await start(planWords).ended;
    assert.equal(before.code, 0, before.err);
    assert.deepEqual(actionsOf(before.out), ['cm fetch', 'cn fetch']);
    assert.deepEqual(seen(), ['HEAD /2020/cm20.zip 200', 'HEAD /2020/cn20.zip 200']);
    assert.deepEqual(listCache(), []);
    await start([...words('bulk'), '--dataset', 'cm']).ended;
    await start([...words('download'), '--dataset', 'cn']).ended;
    assert.deepEqual(actionsOf((await start(planWords).ended).out), ['cm pass over', 'cn load']);
    const text = await start([...words('plan'), '--dataset', 'cm,indiv']).ended;
    assert.match(text.out, /^cm +2020 +none, is loaded .*cm20\.zip$/m);
    assert.match(text.out, /^not there: 2020 indiv$/m);
    assert.match(text.out, /^nothing to do/m);
  });

  it('says that a cache cannot be written, and fetches nothing', async () => {
    const env = { FUNDLENS_CACHE_DIR: join(cacheDir, 'file', 'x') };
    writeFileSync(join(cacheDir, 'file'), '');
    for (const command of ['download', 'bulk']) {
      const run = await start(words(command), env).ended;
      assert.equal(run.code, 2, run.err);
      assert.match(
        run.err,
        /file\/x: the folder for downloads cannot be written \(ENOTDIR\)\n {2}hint: make it writable/,
      );
    }
    assert.deepEqual(seen(), []);
  });

  it('ends where the file system makes no folders', async function () {
    if (process.platform !== 'linux') this.skip();
    const run = await start(words('download'), { FUNDLENS_CACHE_DIR: '/proc/nowhere/x' }).ended;
    assert.equal(run.code, 2, run.err);
    assert.match(run.err, /\/proc\/nowhere\/x: the folder for downloads cannot be written/);
  });

  it('plans the files of a folder by their bytes', async () => {
    const folder = [...words('plan'), '--from', sampleDir, '--dataset', 'cm,webl', '--json'];
    assert.deepEqual(actionsOf((await start(folder).ended).out), ['cm load', 'webl load']);
    await start([...words('bulk'), '--from', sampleDir, '--dataset', 'webl']).ended;
    assert.deepEqual(actionsOf((await start(folder).ended).out), ['cm load', 'webl pass over']);
    assert.deepEqual(seen(), []);
  });

  it('notes when the server was last asked, in a load and in a run that finds nothing new', async () => {
    const statusOf = async (): Promise<Record<string, unknown>> =>
      JSON.parse((await start(['status', '--json']).ended).out)[0];
    await start([...words('bulk'), '--from', sampleDir, '--dataset', 'cm']).ended;
    assert.equal((await statusOf())['checkedAt'], null);
    const askedAt: number[] = [];
    for (let run = 0; run < 2; run += 1) {
      const ended = await start([...words('bulk'), '--dataset', 'cm']).ended;
      assert.equal(ended.code, 0, ended.err);
      assert.match(ended.out, /^0 files loaded, 1 unchanged/);
      askedAt.push(Date.parse(String((await statusOf())['checkedAt'])));
      await sleep(1_100);
    }
    const [first = 0, second = 0] = askedAt;
    assert.ok(first > Date.now() - 60_000 && second > first, String(askedAt));
  });

  it('loads what there is of a range of cycles, and says which cycle it could not have', async () => {
    const run = await start(['bulk', '--cycles', '2020-2024', '--dataset', 'cm']).ended;
    assert.equal(run.code, 1);
    assert.match(run.out, /^1 file loaded/);
    assert.match(run.err, /--dataset: the FEC does not have `cm22\.zip`[\s\S]*`cm24\.zip`/);
  });

  it('goes on after SIGKILL and after Ctrl-C where it stopped', async () => {
    const zip = bigZip();
    server.current.put('/2020/cm20.zip', zip);
    const download = [...words('download'), '--dataset', 'cm'];
    const killed = await start(download, { FUNDLENS_FAULT: 'download:chunk:3' }).ended;
    assert.equal(killed.code, null);
    server.current.fail('/2020/cm20.zip', [{ kind: 'stall', afterBytes: 300_000 }]);
    const running = start(download);
    while ((server.current.requests[1]?.sentBytes ?? 0) === 0) await sleep(20);
    await sleep(200);
    running.child.kill('SIGINT');
    assert.equal((await running.ended).code, 130);
    assert.deepEqual(listCache(), ['cm20.zip.part']);
    const clean = await start(download).ended;
    assert.equal(clean.code, 0, clean.err);
    assert.ok(readFileSync(join(cacheDir, 'cm20.zip')).equals(zip));
    assert.deepEqual(listCache().sort(), ['cm20.zip', 'cm20.zip.json']);
    const [, second, third] = server.current.requests.map(({ headers }) =>
      Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1]),
    );
    assert.ok(second !== undefined && second > 0);
    assert.equal(third, second + 300_000);
  });

  it('fetches a file once for two processes that want it at the same time', async () => {
    const zip = bigZip();
    server.current.put('/2020/cm20.zip', zip);
    server.current.fail('/2020/cm20.zip', [{ kind: 'drip', bytes: 100_000, everyMs: 300 }]);
    const download = [...words('download'), '--dataset', 'cm'];
    const runs = await Promise.all([start(download).ended, start(download).ended]);
    assert.deepEqual(
      runs.map(({ code }) => code),
      [0, 0],
    );
    assert.ok(readFileSync(join(cacheDir, 'cm20.zip')).equals(zip));
    assert.deepEqual(seen().sort(), ['GET /2020/cm20.zip 200', 'GET /2020/cm20.zip 304']);
    assert.deepEqual(listCache().sort(), ['cm20.zip', 'cm20.zip.json']);
  });

  it('keeps the cache within its size', async () => {
    const run = await start(words('download'), { FUNDLENS_CACHE_GB: '0' }).ended;
    assert.equal(run.code, 0, run.err);
    assert.deepEqual(listCache(), []);
  });

  it('goes through HTTPS_PROXY, and shows nothing of its password', async () => {
    const lines: string[] = [];
    const proxy = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        lines.push(data.toString());
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = proxy.address();
    assert.ok(typeof address === 'object' && address !== null);
    const run = start([...words('download'), '--dataset', 'cm'], {
      FEC_BULK_URL: 'https://fec.example/files',
      HTTPS_PROXY: `http://user:canary-word@127.0.0.1:${address.port}`,
      NO_PROXY: '',
    });
    while (lines.length === 0 && run.child.exitCode === null) await sleep(20);
    await sleep(300);
    run.child.kill('SIGINT');
    const { err } = await run.ended;
    proxy.close();
    assert.match(lines[0] ?? '', /^CONNECT fec\.example:443 /);
    assert.match(lines[0] ?? '', /Proxy-Authorization: Basic /i);
    assert.doesNotMatch(err, /canary/);
  });

  it('says in one sentence what is wrong with a cycle or an address', async () => {
    const cases: readonly (readonly [readonly string[], NodeJS.ProcessEnv, RegExp])[] = [
      [['bulk'], {}, /error: --cycle: no cycle is named\n {2}hint: /],
      [
        words('download'),
        { FEC_BULK_URL: 'https://u:canary@fec.example' },
        /FEC_BULK_URL: holds a user name or password/,
      ],
    ];
    for (const [command, env, message] of cases) {
      const run = await start(command, env).ended;
      assert.equal(run.code, 2, run.err);
      assert.match(run.err, message);
      assert.doesNotMatch(run.err, /canary/);
    }
  });
});

function actionsOf(json: string): readonly string[] {
  const plan: { files: { dataset: string; action: string }[] } = JSON.parse(json);
  return plan.files.map(({ dataset, action }) => `${dataset} ${action}`);
}

/** A megabyte that does not pack, in the form of a zip. */
function bigZip(): Buffer {
  return buildZip([{ name: 'cm.txt', data: Buffer.alloc(1_000_000, 'x'), stored: true }]);
}
