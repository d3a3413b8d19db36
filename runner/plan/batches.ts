// What the runner remembers of a microbatch model: the stretches of time that its table holds.

import { quoteLiteral } from '../../core/identifiers.ts';
import type { Model } from '../compile/types.ts';
import type { Statement } from './types.ts';

/**
 * Returns the statements that remember the batches of a model, for the transaction that publishes
 * them; `all` forgets what was built before.
 */
export function recordBatches(
  { relation, batches }: Model,
  built: 'all' | 'more',
): readonly Statement[] | undefined {
  if (batches === undefined) return undefined;
  const name = `${quoteLiteral(relation.schema)}, ${quoteLiteral(relation.identifier)}`;
  const forget: Statement = {
    sql: `delete from runner.intervals where (relation_schema, relation_name) = (${name})`,
    purpose: 'forget what the table before held',
  };
  const rows = batches.list
    // The moment of the run may be the very start of a batch, of which nothing is known then.
    .filter(({ start, knownTo }) => start !== knownTo)
    .map(({ start, knownTo }) => `(${name}, ${quoteLiteral(start)}, ${quoteLiteral(knownTo)})`);
  const remember: Statement = {
    sql:
      'insert into runner.intervals as known (relation_schema, relation_name, starts_at, ends_at)\n' +
      `values ${rows.join(',\n  ')}\n` +
      'on conflict (relation_schema, relation_name, starts_at) do update\n' +
      'set ends_at = greatest(known.ends_at, excluded.ends_at), recorded_at = clock_timestamp()',
    purpose: 'remember what the table holds',
  };
  return [...(built === 'all' ? [forget] : []), ...(rows.length === 0 ? [] : [remember])];
}
