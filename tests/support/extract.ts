// Runs `extract` against a test database: inside this process, or as the child process a user would start.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Connection } from '../../core/connection.ts';
import { copyOut } from '../../core/copy.ts';
import { openDatabase } from '../../core/database.ts';
import { UserError } from '../../core/errors.ts';
import { quoteIdentifier } from '../../core/identifiers.ts';
import { packageRoot } from '../../core/package-root.ts';
import { createReporter } from '../../core/reporter.ts';
import { bulk } from '../../extract/commands/bulk.ts';
import type { Dataset } from '../../extract/datasets/types.ts';

/** The real FEC files that ship with the project. */
export const sampleDir = join(packageRoot(), 'extract/sample/2019-03-17');

/** What a run printed, and how it ended. */
export interface ExtractRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What a test may say of a bulk load. */
export interface BulkRequest {
  readonly cycle?: number;
  readonly from: string;
  readonly datasets?: readonly string[];
  readonly full?: boolean;
  readonly accept?: boolean;
  readonly signal?: AbortSignal;
  readonly format?: 'text' | 'json';
}

/** Runs `extract bulk` in this process. */
export async function runBulk(connection: Connection, request: BulkRequest): Promise<ExtractRun> {
  const texts = { out: '', err: '' };
  const sink = (name: keyof typeof texts) => ({
    write: (text: string) => {
      texts[name] += text;
    },
  });
  const sinks = { out: sink('out'), err: sink('err') };
  const reporter = createReporter('extract', request.format ?? 'text', sinks);
  const context = {
    env: { ...process.env, DATABASE_URL: urlOf(connection) },
    reporter,
    signal: request.signal ?? new AbortController().signal,
  };
  const options = {
    projectDir: packageRoot(),
    profilesDir: packageRoot(),
    profile: undefined,
    target: undefined,
    cycle: request.cycle ?? 2020,
    from: request.from,
    datasets: request.datasets ?? [],
    full: request.full ?? false,
    accept: request.accept ?? false,
  };
  try {
    return { code: await bulk(context, options), ...texts };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    reporter.fault(error);
    return { code: error.exitCode, ...texts };
  }
}

/** Starts `extract` as a process of its own. */
export function startExtract(
  connection: Connection,
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly ended: Promise<ExtractRun> } {
  const child = spawn(
    process.execPath,
    [
      '--import',
      pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
      join(packageRoot(), 'extract/cli.ts'),
      ...words,
    ],
    {
      cwd: packageRoot(),
      env: { ...process.env, DATABASE_URL: urlOf(connection), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const texts = { out: '', err: '' };
  child.stdout.on('data', (piece: Buffer) => {
    texts.out += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    texts.err += piece.toString();
  });
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, ...texts }));
  return { child, ended };
}

/** Writes files into a folder of their own, which goes with the process's tests. */
export function writeFolder(files: Readonly<Record<string, Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'fundlens-extract-'));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Returns the lines of a cycle as the FEC wrote them, by COPY in the order of the file. */
export async function exportLines(
  connection: Connection,
  dataset: Dataset,
  cycle = 2020,
): Promise<Buffer> {
  const database = openDatabase(connection, { applicationName: 'test:export', maxClients: 1 });
  try {
    return await database.withClient(async (client) => {
      const columns = dataset.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
      const pieces: Buffer[] = [];
      const rows = copyOut(
        client,
        `copy (select ${columns}${dataset.trailingDelimiter ? ', null' : ''}
                 from bronze.${dataset.table} where cycle = ${cycle} and _withdrawn is null order by _line)
           to stdout with (format csv, delimiter '|', quote E'\\x01', null '')`,
      );
      for await (const piece of rows) pieces.push(piece);
      // The quote stands only around carriage returns: no text in Bronze holds the character.
      return Buffer.from(Buffer.concat(pieces).toString('latin1').replaceAll('\x01', ''), 'latin1');
    });
  } finally {
    await database.close();
  }
}

/** Writes a connection as a URL for DATABASE_URL. */
export function urlOf(connection: Connection): string {
  const { host, port, user, password = '', database } = connection;
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  const isFolder = host.startsWith('/');
  const address = `${isFolder ? 'localhost' : host}:${port}/${encodeURIComponent(database)}`;
  return `postgresql://${login}@${address}${isFolder ? `?host=${encodeURIComponent(host)}` : ''}`;
}
