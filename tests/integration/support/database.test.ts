import assert from 'node:assert/strict';
import { createDatabase, useDatabase } from '../../support/database.ts';

describe('support/database', () => {
  const database = useDatabase();

  it('gives the process a database of its own', async () => {
    const [row] = await database.query<{ name: string }>('select current_database() as name');
    assert.equal(row?.name, database.connection.database);
    assert.match(database.connection.database, new RegExp(`^fundlens_test_${process.pid}_`));
  });

  it('gives more on demand', async () => {
    const one = await createDatabase();
    const two = await createDatabase();
    assert.equal(new Set([one.database, two.database, database.connection.database]).size, 3);
  });
});
