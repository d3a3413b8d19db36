// One quota for all processes of a key: counted in Bronze, whoever asks, however many ask at once.

import assert from 'node:assert/strict';
import { type Database, openDatabase } from '../../../core/database.ts';
import { migrate } from '../../../core/migrations.ts';
import { bronzeSchema } from '../../../extract/bronze/migrations.ts';
import { blockCalls, hashKey, type SeenQuota, takeCall } from '../../../extract/bronze/quota.ts';
import { createDatabase, useDatabase } from '../../support/database.ts';
import { canaryKey } from '../../support/openfec-server.ts';

describe('extract/bronze/quota', function () {
  this.timeout(60_000);
  useDatabase();
  let database: Database;
  beforeEach(async () => {
    const connection = await createDatabase();
    await migrate(connection, bronzeSchema);
    database = openDatabase(connection, { applicationName: 'test:quota', maxClients: 8 });
  });
  afterEach(() => database.close());

  const take = (limit: number | undefined, seen?: SeenQuota, key = canaryKey) =>
    takeCall(database, {
      keyHash: hashKey(key),
      limit,
      usual: 30,
      quotaMs: 3_600_000,
      seen,
    });

  it('grants ninety-nine of a hundred calls to eight that ask at once, and no more', async () => {
    const ask = async (): Promise<number> => {
      for (let granted = 0; ; granted += 1) {
        if (!(await take(100)).granted) return granted;
      }
    };
    const granted = await Promise.all(Array.from({ length: 8 }, ask));
    assert.equal(
      granted.reduce((sum, count) => sum + count, 0),
      99,
    );
  });

  it('says how long until a call is free, and counts each key by itself', async () => {
    assert.equal((await take(1)).granted, true);
    const refused = await take(1);
    assert.ok(!refused.granted && refused.reason === 'spent' && refused.limit === 1);
    assert.ok(!refused.granted && refused.waitMs > 3_500_000 && refused.waitMs <= 3_631_000);
    assert.equal((await take(1, undefined, 'another')).granted, true);
  });

  it('believes the API on its limit, and remembers it', async () => {
    const seen = { limit: 7_200, remaining: 7_199 };
    assert.equal((await take(undefined, seen)).granted, true);
    const rows = await database.withClient((client) =>
      client.query('select key_hash, server_limit from bronze.api_quotas'),
    );
    assert.deepEqual(rows.rows, [{ key_hash: hashKey(canaryKey), server_limit: 7_200 }]);
    // The user may take a smaller share, not a larger one.
    const refused = await take(9_000, { limit: 40, remaining: 0 });
    assert.ok(!refused.granted && refused.limit === 40);
  });

  it('counts what others called with the same key', async () => {
    const refused = await take(undefined, { limit: 50, remaining: 0 });
    assert.ok(!refused.granted && refused.reason === 'spent');
  });

  it('holds everyone back after a refusal', async () => {
    await blockCalls(database, hashKey(canaryKey), 60_000);
    await blockCalls(database, hashKey(canaryKey), 1_000);
    const refused = await take(100);
    assert.ok(!refused.granted && refused.reason === 'blocked');
    assert.ok(!refused.granted && refused.waitMs > 50_000 && refused.waitMs <= 60_000);
  });
});
