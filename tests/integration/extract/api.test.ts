// `extract api` against the double: what is in Bronze is what the API has, by as few calls as it takes.

import assert from 'node:assert/strict';
import type { Connection } from '../../../core/connection.ts';
import { runApi, useOpenFec } from '../../support/api.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { writeJson } from '../../support/openfec-data.ts';
import { queryOnce } from '../../support/query.ts';

describe('extract api', function () {
  this.timeout(60_000);
  useDatabase();
  const server = useOpenFec({ receipts: 1_500, undatedEvery: 7, masters: 250 });
  let connection: Connection;
  beforeEach(async () => {
    connection = await createDatabase();
  });

  it('brings every record of the itemized receipts, digit by digit, in the fewest calls', async () => {
    const run = await runApi(connection, server.current);
    assert.equal(run.code, 0, run.err);
    const wanted = server.current.tables.schedule_a;
    const rows = await queryOnce(
      connection,
      'select sub_id, record = $1::jsonb -> sub_id as same from bronze.api_schedule_a where cycle = 2020',
      [`{${wanted.map((row) => `"${row['sub_id']}": ${writeJson(row)}`).join(',')}}`],
    );
    assert.equal(rows.length, wanted.length);
    assert.ok(rows.every(({ same }) => same === true));
    assert.ok(
      server.current.calls.length <= Math.ceil(wanted.length / 100) + 2,
      String(server.current.calls.length),
    );
  });
});
