// The history of schema `bronze`, but for the tables of the datasets: those follow the catalog (`tables.ts`).

import type { OwnedSchema } from '../../core/migrations.ts';

const loads = `create table bronze.loads (
  load_id bigint primary key,
  attempt_id bigint not null unique,
  dataset text not null,
  cycle integer not null,
  scope text not null,
  source text not null,
  etag text,
  last_modified timestamptz,
  sha256 text,
  bytes bigint,
  member text,
  member_bytes bigint,
  member_modified_at timestamp,
  line_ending text check (line_ending in ('lf', 'crlf')),
  ends_with_newline boolean,
  rows_read bigint not null,
  rows_inserted bigint not null,
  rows_updated bigint not null,
  rows_withdrawn bigint not null,
  rows_unchanged bigint not null,
  rows_rejected bigint not null,
  rows_repaired bigint not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  program_version text not null,
  check (rows_read = rows_inserted + rows_updated + rows_unchanged + rows_rejected)
)`;

const attempts = `create table bronze.attempts (
  attempt_id bigint generated always as identity primary key,
  dataset text not null,
  cycle integer not null,
  scope text not null,
  source text not null,
  phase text not null,
  status text not null
    check (status in ('running', 'succeeded', 'failed', 'interrupted', 'crashed')),
  heartbeat_at timestamptz not null default clock_timestamp(),
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  error text,
  load_id bigint
)`;

const lineColumns = `load_id bigint not null,
  dataset text not null,
  cycle integer not null,
  line bigint not null,
  bytes bytea not null,
  reason text not null`;

const extractionState = `create table bronze.extraction_state (
  dataset text not null,
  cycle integer not null,
  scope text not null,
  watermark timestamptz,
  last_contribution_date date,
  last_load_id bigint not null,
  row_count bigint not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (dataset, cycle, scope)
)`;

const reconciliationComments: readonly (readonly [object: string, text: string])[] = [
  [
    'column bronze.loads.rows_inserted',
    'Rows that the file of the load before did not have, returned ones included.',
  ],
  ['column bronze.loads.rows_updated', 'Rows that the file of the load before had otherwise.'],
  ['column bronze.loads.rows_unchanged', 'Rows that the file of the load before had as they are.'],
  [
    'column bronze.loads.rows_returned',
    'Among those inserted: rows that an earlier load had and a later one withdrew.',
  ],
  [
    'column bronze.loads.hash_algorithm',
    'How _hash of the rows of the cycle was made, and of how many columns.',
  ],
  ['column bronze.loads.watermark', 'The file holds what the FEC had published by then.'],
  [
    'table bronze.extraction_state',
    'How far the extraction of each dataset, cycle and scope has come.',
  ],
  [
    'column bronze.extraction_state.scope',
    '`national` for the whole file, `committee:C…` for one committee.',
  ],
  [
    'column bronze.extraction_state.watermark',
    'When the FEC wrote the newest file, less a day for what was on its way.',
  ],
  [
    'column bronze.extraction_state.last_contribution_date',
    'Newest date of a live row that is a date and not after the file itself.',
  ],
  [
    'column bronze.extraction_state.last_load_id',
    'National: the newest load. Committee: the newest load that changed a row of it.',
  ],
  ['column bronze.extraction_state.row_count', 'Live rows.'],
];

const freshnessComments: readonly (readonly [object: string, text: string])[] = [
  [
    'column bronze.extraction_state.checked_at',
    'When the FEC was last asked for a newer file; null where the file never came from a server.',
  ],
  ['column bronze.extraction_state.withdrawn_count', 'Rows that are marked withdrawn.'],
  ['column bronze.extraction_state.history_count', 'Superseded versions in the history.'],
];

const comments: readonly (readonly [object: string, text: string])[] = [
  ['schema bronze', 'FEC data as received, and the ledger of what was loaded.'],
  [
    'table bronze.loads',
    'The ledger: one row per load that happened, written in the transaction that published its rows.',
  ],
  ['column bronze.loads.attempt_id', 'The row of bronze.attempts that did it.'],
  ['column bronze.loads.scope', 'What part of the data: `national` for a whole bulk file.'],
  ['column bronze.loads.source', 'Name of the file, or URL.'],
  ['column bronze.loads.sha256', 'SHA-256 of the file as received, in hexadecimal.'],
  ['column bronze.loads.bytes', 'Size of the file as received.'],
  ['column bronze.loads.member', 'Name of the file inside the zip.'],
  ['column bronze.loads.member_bytes', 'Size of that file, unpacked.'],
  [
    'column bronze.loads.member_modified_at',
    'When the FEC wrote that file, as the zip says: Washington time without a zone.',
  ],
  ['column bronze.loads.line_ending', 'How the lines of the file end; Bronze holds no line ends.'],
  ['column bronze.loads.ends_with_newline', 'False when the last line of the file has no newline.'],
  [
    'column bronze.loads.rows_read',
    'Lines in the file: always inserted + updated + unchanged + rejected.',
  ],
  ['column bronze.loads.rows_withdrawn', 'Rows that were in the table and are not in the file.'],
  ['column bronze.loads.rows_rejected', 'Lines in bronze.rejects.'],
  ['column bronze.loads.rows_repaired', 'Lines in bronze.repairs, among those that are loaded.'],
  ['table bronze.attempts', 'Every try to load, whether it succeeded or not.'],
  ['column bronze.attempts.phase', 'What the try did last.'],
  [
    'column bronze.attempts.status',
    '`crashed` when the process died without a word, which the next run finds out.',
  ],
  ['column bronze.attempts.heartbeat_at', 'When the process was last known to live.'],
  ['column bronze.attempts.load_id', 'The row of bronze.loads, when it succeeded.'],
  ['table bronze.rejects', 'Lines that do not fit their table and were not loaded.'],
  ['column bronze.rejects.line', 'Line number in the file, from 1.'],
  ['column bronze.rejects.bytes', 'The line as received, without its newline; at most 1 MiB.'],
  ['column bronze.rejects.reason', 'What is wrong with the line.'],
  [
    'table bronze.repairs',
    'The original bytes of lines that were loaded with a repair (line end, character set).',
  ],
  ['column bronze.repairs.line', 'Line number in the file, `_line` of its row.'],
  ['column bronze.repairs.bytes', 'The line as received, without its newline.'],
  ['column bronze.repairs.reason', 'What was repaired.'],
  [
    'table bronze.staged_lines',
    'Rejected and repaired lines of a load under way; empty between loads.',
  ],
];

const apiComments: readonly (readonly [object: string, text: string])[] = [
  [
    'column bronze.extraction_state.watermark',
    'Complete up to then. Bulk: when the FEC wrote the newest file, less a day for what was on its way. API: when the newest window that was read to its end was opened.',
  ],
  [
    'column bronze.extraction_state.scope',
    '`national`, `state:MD` for one state, `committee:C…` for one committee.',
  ],
  ['column bronze.extraction_state.row_count', 'Live rows; of the API: rows of the newest window.'],
  [
    'column bronze.extraction_state.status',
    '`incomplete` while a window of the API is not read to its end; the next run goes on there.',
  ],
  ['column bronze.extraction_state.opened_at', 'When the newest window was opened.'],
  [
    'column bronze.extraction_state.window_from',
    'First day of the newest window; null where all is read.',
  ],
  [
    'column bronze.extraction_state.advances',
    'False for a window that begins behind the watermark: its end leaves the watermark as it is.',
  ],
  [
    'column bronze.extraction_state.parts',
    'What is still to be read of the window; the first is under way.',
  ],
  [
    'column bronze.extraction_state.proven',
    'Parts read to their end with as many rows as the API counts.',
  ],
  [
    'column bronze.extraction_state.cursor',
    'What the next request sends back; null at the beginning of a part.',
  ],
  ['column bronze.extraction_state.part_rows', 'Different rows seen in the part under way.'],
  ['column bronze.extraction_state.part_expected', 'Rows of that part as the API counts them.'],
  [
    'column bronze.extraction_state.part_drifted',
    'True where that count changed between the pages of a list.',
  ],
  ['column bronze.extraction_state.passes', 'How often that part was walked through already.'],
  [
    'column bronze.extraction_state.pages',
    'Answers that were stored, ever: guards against two runs at once.',
  ],
  [
    'column bronze.extraction_state.window_calls',
    'Calls that the newest window took, failed ones included.',
  ],
  ['column bronze.extraction_state.calls', 'Calls ever.'],
  [
    'column bronze.extraction_state.duplicates',
    'Rows of the newest window that came more than once.',
  ],
  ['column bronze.extraction_state.error', 'Why the newest run stopped before the end.'],
  ['table bronze.api_quotas', 'What is known of the quota of each key of the API.'],
  ['column bronze.api_quotas.key_hash', 'Stands for the key, which is nowhere in the database.'],
  ['column bronze.api_quotas.server_limit', 'Calls an hour, as the API says.'],
  [
    'column bronze.api_quotas.blocked_until',
    'The API refused a call: no process makes one before.',
  ],
  ['table bronze.api_calls', 'Calls of the last hour by key, in pieces of half a minute.'],
  [
    'table bronze.api_seen',
    'Keys seen in windows under way: tells what comes twice, and what is gone.',
  ],
];

/** Schema `bronze`: the ledger and the tables for lines set aside. */
export const bronzeSchema: OwnedSchema = {
  schema: 'bronze',
  migrations: [
    {
      version: 1,
      name: 'ledger',
      statements: [
        loads,
        'create index loads_dataset_cycle_idx on bronze.loads (dataset, cycle, scope, load_id)',
        attempts,
        "create index attempts_running_idx on bronze.attempts (attempt_id) where status = 'running'",
        `create table bronze.rejects (${lineColumns}, primary key (load_id, line))`,
        `create table bronze.repairs (${lineColumns}, primary key (load_id, line))`,
        `create unlogged table bronze.staged_lines (
           fate text not null check (fate in ('rejected', 'repaired')),
           line bigint not null,
           bytes bytea not null,
           reason text not null
         )`,
        ...comments.map(([object, text]) => `comment on ${object} is '${text}'`),
      ],
    },
    {
      version: 2,
      name: 'reconciliation',
      statements: [
        `alter table bronze.loads
           add column rows_returned bigint not null default 0,
           add column hash_algorithm text,
           add column watermark timestamptz,
           add check (rows_returned <= rows_inserted)`,
        extractionState,
        ...reconciliationComments.map(([object, text]) => `comment on ${object} is '${text}'`),
      ],
    },
    {
      version: 3,
      name: 'api',
      statements: [
        // One try at the API makes many loads, one for each page; one at a file still makes one.
        'alter table bronze.loads drop constraint loads_attempt_id_key',
        'create unique index loads_attempt_idx on bronze.loads (attempt_id) where member is not null',
        `alter table bronze.extraction_state
           alter column last_load_id drop not null,
           add column status text not null default 'complete'
             check (status in ('complete', 'incomplete')),
           add column opened_at timestamptz,
           add column window_from date,
           add column advances boolean not null default true,
           add column parts jsonb not null default '[]',
           add column proven jsonb not null default '[]',
           add column cursor jsonb,
           add column part_rows bigint not null default 0,
           add column part_expected bigint,
           add column part_drifted boolean not null default false,
           add column passes integer not null default 0,
           add column pages bigint not null default 0,
           add column window_calls bigint not null default 0,
           add column calls bigint not null default 0,
           add column duplicates bigint not null default 0,
           add column error text`,
        `create table bronze.api_quotas (
           key_hash text primary key,
           server_limit integer,
           blocked_until timestamptz
         )`,
        `create table bronze.api_calls (
           key_hash text not null,
           piece timestamptz not null,
           calls integer not null,
           primary key (key_hash, piece)
         )`,
        `create table bronze.api_seen (
           dataset text not null,
           cycle integer not null,
           scope text not null,
           key text not null,
           primary key (dataset, cycle, scope, key)
         )`,
        ...apiComments.map(([object, text]) => `comment on ${object} is '${text}'`),
      ],
    },
    {
      version: 4,
      name: 'freshness',
      statements: [
        `alter table bronze.extraction_state
           add column checked_at timestamptz,
           add column withdrawn_count bigint,
           add column history_count bigint`,
        ...freshnessComments.map(([object, text]) => `comment on ${object} is '${text}'`),
      ],
    },
  ],
};
