// Fills a staging table from an archive member, line by line through the gate.

import { copyIn } from '../../core/copy.ts';
import type { Client, Database } from '../../core/database.ts';
import { quoteIdentifier, quoteQualified } from '../../core/identifiers.ts';
import { hasCommitteeState } from '../bronze/state.ts';
import type { Dataset } from '../datasets/types.ts';
import { CommitteeTally } from './committee-tally.ts';
import { readCsvRows } from './csv-rows.ts';
import { LineGate } from './line-gate.ts';
import { stagingTable } from './staging.ts';
import type { ArchiveMember, GateCounts, SetAsideLine, StagedFile } from './types.ts';

/** What is staged, and where its bad lines go. */
export interface StageRequest {
  readonly dataset: Dataset;
  readonly cycle: number;
  readonly loadId: number;
  readonly member: ArchiveMember;
  /** True where the staging table itself will become the cycle's partition. */
  readonly becomesPartition: boolean;
  /** Days of contributions after this one are typos: as 20190317. */
  readonly latestDay: number;
  /** True to leave columns out that a header has and the table has not. */
  readonly accept: boolean;
  /** Lends the second connection, for lines set aside while the first one copies. */
  readonly database: Database;
  readonly signal: AbortSignal;
}

/**
 * Creates the staging table in the client's transaction and copies the member into it. A table that is
 * created and filled in one transaction costs no WAL where `wal_level` is `minimal`.
 * @throws {ArchiveError} when the archive turns out to be damaged; the transaction is to be rolled back.
 */
export async function stageFile(client: Client, request: StageRequest): Promise<StagedFile> {
  const { dataset, cycle, becomesPartition } = request;
  const table = stagingTable(dataset, cycle);
  const relation = quoteQualified('bronze', table);
  const target = quoteQualified('bronze', dataset.table);
  // What is the same in every row is a default, which costs less than a field in every line.
  const constant = `alter column cycle set default ${Number(cycle)},
                    alter column _load_id set default ${Number(request.loadId)}`;
  await client.query(
    becomesPartition
      ? `create table ${relation} (like ${target} including comments,
           constraint ${quoteIdentifier(cycleCheck)} check (cycle = ${Number(cycle)}))`
      : `create unlogged table ${relation} (like ${target})`,
  );
  await client.query(`alter table ${relation} ${constant}`);
  const columns = ['_line', '_hash', ...dataset.columns.map(nameOf)];
  const gated = dataset.format === 'csv' ? readCsv(request) : readPipes(request);
  const copied = await copyIn(
    client,
    `copy ${relation} (${columns.map(quoteIdentifier).join(', ')}) from stdin
       with (format text, delimiter '|', null '', encoding 'UTF8'
             ${becomesPartition ? ', freeze' : ''})`,
    gated.rows,
  );
  const counts = gated.counts();
  if (copied !== counts.rowsPassed) {
    throw new Error(`PostgreSQL took ${copied} of ${counts.rowsPassed} rows of ${dataset.name}`);
  }
  return { counts, table, hashSum: gated.hashSum(), committees: gated.committees?.() };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

/** Only indiv keeps a state of each committee. */
function createTally({ dataset, latestDay }: StageRequest): CommitteeTally | undefined {
  if (!hasCommitteeState(dataset)) return undefined;
  const names = dataset.columns.map(nameOf);
  const committeeField = names.indexOf('cmte_id');
  return new CommitteeTally({
    committeeField,
    dateField: names.indexOf('transaction_dt'),
    latestDay,
  });
}

/** Name of the constraint that lets a partition be attached without being read. */
export const cycleCheck = 'cycle_of_partition';

/** What is sent to COPY, and what was seen once that is done. */
interface GatedRows {
  readonly rows: AsyncGenerator<Buffer>;
  readonly counts: () => GateCounts;
  readonly hashSum: () => bigint;
  readonly committees?: () => StagedFile['committees'];
}

function readPipes(request: StageRequest): GatedRows {
  const { trailingDelimiter, columns } = request.dataset;
  const tally = createTally(request);
  const gate = new LineGate({ fieldCount: columns.length, trailingDelimiter, tally });
  return {
    rows: gatedRows(gate, request),
    counts: () => gate.counts(),
    hashSum: () => gate.hashSum(),
    committees: () => tally?.counts(),
  };
}

function readCsv(request: StageRequest): GatedRows {
  const { dataset, accept, member } = request;
  const apart = createSetAside(request.database);
  const source = readCsvRows({ dataset, accept, file: member.name }, chunksOf(request), (lines) =>
    apart.add(lines),
  );
  const rows = async function* (): AsyncGenerator<Buffer> {
    yield* source.rows;
    await apart.flush();
  };
  return { ...source, rows: rows() };
}

async function* chunksOf({ member, signal }: StageRequest): AsyncGenerator<Buffer> {
  for await (const chunk of member.open()) {
    signal.throwIfAborted();
    yield chunk;
  }
}

/** Small enough that a chunk of nothing but bad lines stays small in memory. */
const gateChunkBytes = 64 * 1024;

async function* gatedRows(gate: LineGate, request: StageRequest): AsyncGenerator<Buffer> {
  const apart = createSetAside(request.database);
  for await (const piece of request.member.open()) {
    const chunk: Buffer = piece;
    for (let at = 0; at < chunk.length; at += gateChunkBytes) {
      request.signal.throwIfAborted();
      const rows = gate.push(chunk.subarray(at, at + gateChunkBytes));
      await apart.add(gate.takeSetAside());
      if (rows.length > 0) yield rows;
    }
  }
  const last = gate.end();
  await apart.add(gate.takeSetAside());
  await apart.flush();
  if (last.length > 0) yield last;
}

interface SetAside {
  add(lines: readonly SetAsideLine[]): Promise<void>;
  flush(): Promise<void>;
}

const batchLines = 5_000;
const batchBytes = 4 * 1024 * 1024;

/** Sends lines set aside to `bronze.staged_lines` in batches; a file without any opens no connection. */
function createSetAside(database: Database): SetAside {
  let batch: SetAsideLine[] = [];
  let bytes = 0;
  const apart: SetAside = {
    async add(lines) {
      for (const line of lines) {
        batch.push(line);
        bytes += line.bytes.length;
        if (batch.length >= batchLines || bytes >= batchBytes) await apart.flush();
      }
    },
    async flush() {
      if (batch.length === 0) return;
      const full = batch;
      batch = [];
      bytes = 0;
      await database.withClient((client) =>
        client.query(
          `insert into bronze.staged_lines (fate, line, bytes, reason)
           select * from unnest($1::text[], $2::bigint[], $3::bytea[], $4::text[])`,
          [
            full.map(({ fate }) => fate),
            full.map(({ line }) => line),
            full.map((line) => line.bytes),
            full.map(({ reason }) => reason),
          ],
        ),
      );
    },
  };
  return apart;
}
