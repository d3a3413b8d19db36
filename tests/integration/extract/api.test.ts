// `extract api` against the double: what is in Bronze is what the API has, by as few calls as it takes.

import assert from 'node:assert/strict';
import type { Connection } from '../../../core/connection.ts';
import { runApi, runPlan, runRetry, useOpenFec } from '../../support/api.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { type Row, textOf, writeJson } from '../../support/openfec-data.ts';
import { canaryKey } from '../../support/openfec-server.ts';
import { queryOnce } from '../../support/query.ts';

describe('extract api', function () {
  this.timeout(60_000);
  useDatabase();
  const server = useOpenFec({ receipts: 450, undatedEvery: 7, masters: 230 });
  let connection: Connection;
  beforeEach(async () => {
    connection = await createDatabase();
  });

  const query = (sql: string, values: readonly unknown[] = []) =>
    queryOnce(connection, sql, values);
  const callsOf = (path: string) =>
    server.current.calls.filter((call) => call.path === path).length;

  /** Fails unless the live rows of a table are the rows of the double, digit by digit. */
  async function assertSame(table: string, key: string, wanted: readonly Row[]): Promise<void> {
    const rows = await query(
      `with wanted as (select key, value from jsonb_each($1::jsonb))
       select coalesce(stored.${key}, wanted.key) as key, stored.record::text = wanted.value::text as same
         from (select * from bronze.${table} where cycle = 2020 and _withdrawn is null) as stored
         full join wanted on wanted.key = stored.${key}`,
      [`{${wanted.map((row) => `"${textOf(row[key])}": ${writeJson(row)}`).join(',')}}`],
    );
    assert.equal(rows.length, wanted.length);
    assert.deepEqual(
      rows.filter(({ same }) => same !== true).map(({ key: name }) => name),
      [],
    );
  }

  it('brings every record digit by digit, those without a date too, in the fewest calls', async () => {
    const run = await runApi(connection, server.current);
    assert.equal(run.code, 0, run.err);
    const wanted = server.current.tables.schedule_a;
    await assertSame('api_schedule_a', 'sub_id', wanted);
    const pages = Math.ceil(wanted.length / 100);
    assert.equal(server.current.calls.length, pages + 1);
    const [row] = await query(
      "select record ->> 'link_id' as link, record ->> 'sub_id' as sub, contribution_receipt_amount as amount from bronze.api_schedule_a order by sub_id limit 1",
    );
    const [first] = [...wanted].sort((a, b) =>
      String(a['sub_id']) < String(b['sub_id']) ? -1 : 1,
    );
    assert.equal(row?.['link'], textOf(first?.['link_id']));
    assert.equal(String(row?.['link']).length, 19);
    assert.equal(row?.['amount'], textOf(first?.['contribution_receipt_amount']));
  });

  it('finds the rows without a date where no cursor leads to them', async () => {
    const { startOpenFec } = await import('../../support/openfec-server.ts');
    const apart = await startOpenFec({ receipts: 250, undatedEvery: 5, joinsUndated: false });
    try {
      const run = await runApi(connection, apart);
      assert.equal(run.code, 0, run.err);
      await assertSame('api_schedule_a', 'sub_id', apart.tables.schedule_a);
    } finally {
      await apart.close();
    }
  });

  it('brings every dataset, masters and sums by page, disbursements by the committees that filed', async () => {
    const run = await runApi(connection, server.current, { datasets: [] });
    assert.equal(run.code, 0, run.err);
    const { tables } = server.current;
    await assertSame('api_committees', 'committee_id', tables.committees);
    await assertSame('api_candidates', 'candidate_id', tables.candidates);
    await assertSame('api_candidate_totals', 'candidate_id', tables.candidate_totals);
    await assertSame('api_committee_totals', 'committee_id', tables.committee_totals);
    await assertSame('api_filings', 'sub_id', tables.filings);
    await assertSame('api_schedule_a', 'sub_id', tables.schedule_a);
    await assertSame('api_schedule_b', 'sub_id', tables.schedule_b);
    await assertSame('api_schedule_e', 'sub_id', tables.schedule_e);
    const committees = new Set(tables.filings.map((row) => textOf(row['committee_id'])));
    assert.ok(callsOf('/schedules/schedule_b/') <= committees.size * 2 + 5);
    // Nothing was filed since: no committee is asked about again.
    server.current.calls.length = 0;
    const second = await runApi(connection, server.current, {
      datasets: ['filings', 'schedule_b'],
    });
    assert.equal(second.code, 0, second.err);
    assert.equal(callsOf('/schedules/schedule_b/'), 0);
  });

  it('reads a committee whose filing is new again, and withdraws the lines that it replaced', async () => {
    await runApi(connection, server.current, { datasets: ['filings', 'schedule_b'] });
    const { filings, schedule_b: lines } = server.current.tables;
    const [line] = lines;
    const committee = textOf(line?.['committee_id']) ?? '';
    filings.push({
      ...filings[0],
      sub_id: '4999999999999999999',
      committee_id: committee,
      receipt_date: '2019-03-18',
    });
    lines.shift();
    lines.push({ ...line, sub_id: '4888888888888888888' });
    server.current.calls.length = 0;
    const run = await runApi(connection, server.current, {
      datasets: ['filings', 'schedule_b'],
      now: '2019-03-18T12:00:00Z',
    });
    assert.equal(run.code, 0, run.err);
    await assertSame('api_schedule_b', 'sub_id', lines);
    assert.deepEqual(
      [...new Set(server.current.calls.map(({ query: asked }) => asked.get('committee_id')))],
      [null, committee],
    );
    assert.match(run.err, /1 withdrawn/);
  });

  it('asks a few calls for a window that did not change', async () => {
    assert.equal((await runApi(connection, server.current)).code, 0);
    server.current.calls.length = 0;
    const run = await runApi(connection, server.current);
    assert.equal(run.code, 0, run.err);
    // Seven days behind the watermark and today: one call each.
    assert.equal(server.current.calls.length, 8);
    const [load] = await query(
      'select sum(rows_inserted)::int as rows from bronze.loads where dataset = $1',
      ['schedule_a'],
    );
    assert.equal(load?.['rows'], server.current.tables.schedule_a.length);
  });

  it('follows filings that come late, rows that are amended and rows that are gone, day after day', async () => {
    const table = server.current.tables.schedule_a;
    const first = await runApi(connection, server.current, { now: '2019-02-15T12:00:00Z' });
    assert.equal(first.code, 0, first.err);
    for (let day = 16; day < 21; day += 1) {
      const loaded = `2019-02-${day}T02:07:05.000001+00:00`;
      // A row that left no trace, among those of the days that are looked through again.
      const recent = table.findIndex((row) => String(row['load_date']) >= `2019-02-${day - 5}`);
      table.splice(recent, 1);
      // A row amended in place, and a gift of last year that was loaded today.
      const amended = { load_date: loaded, contribution_receipt_amount: { raw: `${day}.25` } };
      Object.assign(table[day * 3] ?? {}, amended);
      const late = { load_date: loaded, contribution_receipt_date: '2018-01-31T00:00:00' };
      table.push({ ...table[day], ...late, sub_id: `47000000000000000${day}` });
      const now = `2019-02-${day}T12:00:00Z`;
      const run = await runApi(connection, server.current, { now });
      assert.equal(run.code, 0, run.err);
      await assertSame('api_schedule_a', 'sub_id', table);
    }
    const [counts] = await query(
      `select sum(rows_inserted)::int as inserted, sum(rows_updated)::int as updated,
              sum(rows_withdrawn)::int as withdrawn from bronze.loads`,
    );
    assert.deepEqual(counts, { inserted: table.length + 5, updated: 5, withdrawn: 5 });
  });

  it('keeps what a state or a committee is asked for apart', async () => {
    const byState = await runApi(connection, server.current, {
      scopes: [
        { kind: 'state', state: 'VA' },
        { kind: 'committee', committee: 'C00104885' },
      ],
    });
    assert.equal(byState.code, 0, byState.err);
    const wanted = server.current.tables.schedule_a.filter(
      (row) => row['contributor_state'] === 'VA' || row['committee_id'] === 'C00104885',
    );
    await assertSame('api_schedule_a', 'sub_id', wanted);
    const states = await query('select scope, status from bronze.extraction_state order by scope');
    assert.deepEqual(
      states.map(({ scope, status }) => `${scope} ${status}`),
      ['committee:C00104885 complete', 'state:VA complete'],
    );
  });

  it('begins where the bulk files end', async () => {
    await runApi(connection, server.current, { datasets: ['candidate_totals'] });
    await query(
      `insert into bronze.extraction_state (dataset, cycle, scope, watermark, last_load_id, row_count)
       values ('indiv', 2020, 'national', '2019-02-10T10:00:00Z', 1, 5), ('oth', 2020, 'national', '2019-02-12T10:00:00Z', 2, 5)`,
    );
    server.current.calls.length = 0;
    const run = await runApi(connection, server.current);
    assert.equal(run.code, 0, run.err);
    assert.equal(server.current.calls[0]?.query.get('min_load_date'), '2019-02-03');
    assert.equal(server.current.calls[0]?.query.get('max_load_date'), '2019-03-18');
    const wanted = server.current.tables.schedule_a.filter(
      (row) => String(row['load_date']) >= '2019-02-03',
    );
    await assertSame('api_schedule_a', 'sub_id', wanted);
  });

  it('does not begin a whole cycle by accident', async () => {
    const env = { FEC_API_CALLS_PER_HOUR: '3' };
    const run = await runApi(connection, server.current, { env });
    assert.equal(run.code, 1);
    assert.match(run.err, /all of it takes 5 calls: 2 hours\n {2}hint: load the bulk files first/);
    assert.deepEqual(await query('select from bronze.api_schedule_a'), []);
    // Once bulk files are loaded it begins where they end.
    assert.deepEqual(await query('select from bronze.extraction_state'), []);
  });

  it('opens no hole behind a day that is named: the watermark stays', async () => {
    const first = { now: '2019-01-20T12:00:00Z' };
    assert.equal((await runApi(connection, server.current, first)).code, 0);
    const run = await runApi(connection, server.current, { since: '2019-02-10' });
    assert.equal(run.code, 0, run.err);
    const [state] = await query(
      "select watermark, status from bronze.extraction_state where dataset = 'schedule_a'",
    );
    assert.deepEqual(state, { watermark: '2019-01-20 12:00:00+00', status: 'complete' });
  });

  it('sends the key to no other host, and follows no redirect', async () => {
    const { startOpenFec } = await import('../../support/openfec-server.ts');
    const elsewhere = await startOpenFec({ receipts: 1 });
    try {
      const headers = { Location: `${elsewhere.url}/committees/` };
      server.current.fail({ 1: { kind: 'status', status: 302, headers } });
      const run = await runApi(connection, server.current);
      assert.match(run.err, /HTTP `302`/);
      assert.equal(elsewhere.calls.length, 0);
    } finally {
      await elsewhere.close();
    }
  });

  it('stops at --max-calls and goes on at the next page, asking for none again', async () => {
    const whole = Math.ceil(server.current.tables.schedule_a.length / 100) + 1;
    const runs = [await runApi(connection, server.current, { maxCalls: 2 })];
    assert.equal(runs[0]?.code, 1);
    assert.match(
      runs[0]?.err ?? '',
      /the 2 calls that --max-calls allows are made\n {2}hint: .*extract retry/,
    );
    while (runs.at(-1)?.code !== 0 && runs.length < 9) {
      runs.push(await runRetry(connection, server.current, { maxCalls: 2 }));
    }
    assert.equal(server.current.calls.length, whole);
    assert.equal(new Set(server.current.calls.map(({ url }) => url)).size, whole);
    await assertSame('api_schedule_a', 'sub_id', server.current.tables.schedule_a);
    const [state] = await query(
      "select status, calls::int, pages::int, error from bronze.extraction_state where dataset = 'schedule_a'",
    );
    assert.deepEqual(state, { status: 'complete', calls: whole, pages: whole + 1, error: null });
    const idle = await runRetry(connection, server.current);
    assert.equal(idle.out, 'nothing is incomplete\n');
  });

  it('catches rows that move between the pages of a list', async () => {
    const { committees } = server.current.tables;
    server.current.fail({
      // The first row goes: what stood first on the second page stands last on the first one now.
      2: { kind: 'change', change: (tables) => tables.committees.splice(0, 1) },
    });
    const run = await runApi(connection, server.current, { datasets: ['committees'] });
    assert.equal(run.code, 0, run.err);
    const stored = await query('select committee_id from bronze.api_committees');
    const ids = new Set(stored.map(({ committee_id: id }) => id));
    for (const row of committees) assert.ok(ids.has(textOf(row['committee_id'])));
  });

  it('counts a row that comes twice once', async () => {
    server.current.fail({
      2: {
        kind: 'change',
        change: (tables) =>
          tables.committees.unshift({ ...tables.committees[0], committee_id: 'C00000001' }),
      },
    });
    const run = await runApi(connection, server.current, { datasets: ['committees'] });
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /1 came twice/);
    await assertSame('api_committees', 'committee_id', server.current.tables.committees);
  });

  it('asks for half of the days where the query takes too long', async () => {
    server.current.fail(
      Object.fromEntries(
        [1, 2, 3, 4, 5, 6].map((number) => [
          number,
          {
            kind: 'status',
            status: 504,
            body: '{"message": "Query timed out", "status": 504}',
          } as const,
        ]),
      ),
    );
    const run = await runApi(connection, server.current, { since: '2019-01-01' });
    assert.equal(run.code, 0, run.err);
    assert.match(
      run.err,
      /the API's query took too long: asking for 2019-01-01 to 2019-02-08, then 2019-02-08 to 2019-03-18/,
    );
    await assertSame('api_schedule_a', 'sub_id', server.current.tables.schedule_a);
  });

  it('sets aside what it cannot store, and says so', async () => {
    const table = server.current.tables.schedule_a;
    table.push(
      { ...table[0], sub_id: null },
      { ...table[1], sub_id: '4777777777777777777', memo_text: 'a\0b' },
    );
    const run = await runApi(connection, server.current);
    assert.equal(run.code, 0, run.err);
    const rejects = await query('select reason from bronze.rejects order by reason');
    assert.deepEqual(
      rejects.map(({ reason }) => reason),
      ['has no `sub_id`', 'holds a character or number that PostgreSQL cannot store'],
    );
    const [sums] = await query(
      'select sum(rows_read)::int as read, sum(rows_rejected)::int as rejected from bronze.loads',
    );
    assert.deepEqual(sums, { read: table.length, rejected: 2 });
  });

  it('keeps fields that nobody has described, and takes what a field becomes', async () => {
    const table = server.current.tables.schedule_a;
    for (const row of table)
      row['a_new_field'] = { raw: '1234567890123456789.12345678901234567890' };
    await runApi(connection, server.current);
    const [row] = await query(
      "select record ->> 'a_new_field' as value, count(*)::int as rows from bronze.api_schedule_a group by 1",
    );
    assert.deepEqual(row, {
      value: '1234567890123456789.12345678901234567890',
      rows: table.length,
    });
  });

  for (const [name, key, message] of [
    [
      'a wrong key',
      'not-a-key',
      /HTTP `403`: An invalid api_key .*\n {2}hint: check the key in FEC_API_KEY/,
    ],
    ['no key', '', /FEC_API_KEY: is not set\n {2}hint: get a key at/],
  ] as const) {
    it(`stops at once with ${name}`, async () => {
      const run = await runApi(connection, server.current, {
        datasets: [],
        env: { FEC_API_KEY: key },
      });
      assert.notEqual(run.code, 0);
      assert.match(run.err, message);
      assert.ok(server.current.calls.length <= 1);
    });
  }

  it('stops at once where the API refuses what is asked, and says what', async () => {
    server.current.fail({
      3: {
        kind: 'status',
        status: 422,
        body: '{"status": 422, "message": {"sort": ["Cannot sort"]}}',
      },
    });
    const run = await runApi(connection, server.current);
    assert.equal(run.code, 1);
    assert.match(
      run.err,
      /HTTP `422`: \{"sort":\["Cannot sort"\]\}\n {2}hint: change what was asked for/,
    );
    assert.equal(server.current.calls.length, 3);
  });

  it('plans the calls that the run then makes, and the share of the overlap', async () => {
    assert.equal((await runApi(connection, server.current)).code, 0);
    const table = server.current.tables.schedule_a;
    for (let row = 0; row < 150; row += 1) {
      table.push({
        ...table[row],
        sub_id: `46${String(row).padStart(17, '0')}`,
        load_date: '2019-03-18T01:00:00+00:00',
      });
    }
    const now = '2019-03-18T12:00:00Z';
    const plan = JSON.parse((await runPlan(connection, server.current, { now })).out);
    server.current.calls.length = 0;
    const run = await runApi(connection, server.current, { now });
    assert.equal(run.code, 0, run.err);
    assert.equal(plan.calls, server.current.calls.length);
    assert.equal(plan.overlapCalls, 7);
    assert.equal(plan.callsPerHour, 1_000_000);
  });

  it('shows the key nowhere', async () => {
    server.current.fail({
      2: { kind: 'reset' },
      5: { kind: 'html' },
      6: { kind: 'status', status: 500 },
    });
    const texts: string[] = [];
    for (const format of ['text', 'json'] as const) {
      const good = await runApi(connection, server.current, {
        format,
        datasets: ['committees', 'filings', 'schedule_a'],
      });
      const bad = await runApi(connection, server.current, {
        format,
        env: { FEC_API_URL: 'http://127.0.0.1:1/v1' },
        patience: { retries: 1 },
      });
      const echo = {
        kind: 'status',
        status: 400,
        body: `{"message": "the key ${canaryKey} is odd"}`,
      } as const;
      server.current.fail({ 1: echo });
      const echoed = await runApi(connection, server.current, { format });
      texts.push(...[good, bad, echoed].flatMap(({ out, err }) => [out, err]));
    }
    const tables = await query(
      "select relname from pg_class where relnamespace = 'bronze'::regnamespace and relkind = 'r'",
    );
    for (const { relname } of tables) {
      const rows = await query(`select row::text as text from bronze."${relname}" as row`);
      texts.push(...rows.map(({ text }) => String(text)));
    }
    assert.ok(texts.length > 700, String(texts.length));
    for (const form of [canaryKey, Buffer.from(canaryKey).toString('base64')]) {
      assert.deepEqual(
        texts.filter((text) => text.includes(form)),
        [],
      );
    }
    assert.ok(server.current.calls.every(({ url }) => !url.includes(canaryKey)));
    assert.ok(server.current.calls.every(({ key }) => key === canaryKey));
  });
});
