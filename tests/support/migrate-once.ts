// A process that migrates the schema of argv[3] on the database of argv[2], and says whether it loaded knex.

import { createRequire } from 'node:module';
import { migrate } from '../../core/migrations.ts';

await migrate(JSON.parse(process.argv[2] ?? '{}'), JSON.parse(process.argv[3] ?? '{}'));
const loaded = Object.keys(createRequire(import.meta.url).cache);
process.stdout.write(
  loaded.some((path) => path.includes('/node_modules/knex/')) ? 'knex' : 'no knex',
);
