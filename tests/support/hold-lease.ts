// A process that takes the lease `shared` on the database of argv[2] and holds it until it is killed.

import { openDatabase } from '../../core/database.ts';
import { withLease } from '../../core/locks.ts';

const database = openDatabase(JSON.parse(process.argv[2] ?? '{}'), {
  applicationName: 'the other process',
  maxClients: 1,
});
await withLease(database, 'shared', async () => {
  process.stdout.write('held\n');
  await new Promise((resolve) => setTimeout(resolve, 120_000));
});
