// The history of schema `runner`: what the runner remembers between runs.

import type { OwnedSchema } from '../../core/migrations.ts';

/** Stretches of time that a microbatch model has built; where rows overlap, their union holds. */
const intervals = `create table runner.intervals (
  relation_schema text not null,
  relation_name text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > starts_at),
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (relation_schema, relation_name, starts_at)
)`;

/** The runner's own schema in a target's database. */
export const runnerSchema: OwnedSchema = {
  schema: 'runner',
  migrations: [{ version: 1, name: 'intervals', statements: [intervals] }],
};
