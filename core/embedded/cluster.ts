// The cluster's folder: where it lies, how it is made, and the files that are renewed at each start.

import { randomBytes } from 'node:crypto';
import { appendFile, chown, mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import { type Account, accountOwner, listAccounts, runAs } from './account.ts';
import { findBinaries, prepareBinaries } from './binaries.ts';
import { ensureFolder, type Owner, readIfThere, systemCode, writePrivate } from './files.ts';
import { clusterName, folderMode, type Places } from './places.ts';
import { writeAccessRules, writeSettings } from './settings.ts';
import { readClusterRecord, stateFiles } from './state.ts';

/** The superuser of every embedded server, and the database made for the project. */
export const embeddedUser = 'fundlens';
/** The database that every embedded server has. */
export const embeddedDatabase = 'fundlens';

/** All that starting the server needs. */
export interface Cluster {
  readonly dataDir: string;
  readonly account: Account;
  /** Folder with `bin/postgres` that the account can run. */
  readonly native: string;
  /** Short, private folder of the Unix socket. */
  readonly socketDir: string;
  readonly password: string;
  /** Shown in process titles; no two projects share one. */
  readonly title: string;
}

/** Longest path of a Unix socket that Linux (107) and macOS (103) both take, in bytes. */
const socketPathLimit = 103;

/** Finds the project's cluster, or makes it, with a user that can run it. */
export async function prepareCluster(places: Places): Promise<Cluster> {
  const installed = findBinaries();
  const known = await findKnownCluster(places);
  const keepers = [...(known ? [known.owner] : []), ...(places.owner ? [places.owner] : [])];
  const problems: string[] = [];
  for (const account of await listAccounts(keepers)) {
    const native = await prepareBinaries(account, installed, places.temporaryDirs, problems);
    if (native === undefined) continue;
    const dataDir = await chooseDataDir(account, places, known?.dataDir, problems);
    const socketDir = dataDir && (await prepareSocketDir(account, places));
    if (dataDir === undefined || socketDir === undefined) continue;
    const password = await readPassword(places);
    const cluster: Cluster = {
      dataDir,
      account,
      native,
      socketDir,
      password: password ?? randomBytes(24).toString('base64url'),
      title: clusterTitle(places),
    };
    if (!(await isInitialised(dataDir))) await initialise(cluster, places);
    else if (password === undefined) await renewPassword(cluster, places);
    return cluster;
  }
  throw new UserError('no system user was found that can run the embedded PostgreSQL', {
    where: places.projectDir,
    hint: `set DATABASE_URL to a PostgreSQL server of your own, or remove the obstacle:\n${[...new Set(problems)].join('\n')}`,
  });
}

/** Returns the name of a project's cluster in process titles. */
export function clusterTitle(places: Places): string {
  return `fundlens-${places.hash}`;
}

/** Writes the files that decide how the server runs; called before each start. */
export async function renewSettings(
  cluster: Cluster,
  options: { readonly isDurable: boolean; readonly isSmall: boolean },
): Promise<void> {
  const owner = accountOwner(cluster.account);
  const settings = writeSettings({
    totalMemoryBytes: totalmem(),
    isDurable: options.isDurable,
    clusterTitle: cluster.title,
    isSmall: options.isSmall,
  });
  await writePrivate(join(cluster.dataDir, 'fundlens.conf'), settings, owner);
  await writePrivate(join(cluster.dataDir, 'pg_hba.conf'), writeAccessRules(), owner);
}

/** Tells whether a folder holds a cluster. */
export async function isInitialised(dataDir: string): Promise<boolean> {
  return (await readIfThere(join(dataDir, 'PG_VERSION'))) !== undefined;
}

/** Removes the cluster and what was remembered of it; the caller holds the watchdog's lock. */
export async function removeCluster(places: Places): Promise<void> {
  const remembered = (await readClusterRecord(places))?.dataDir;
  for (const dataDir of [...(remembered ? [remembered] : []), ...listDataDirs(places)]) {
    await rm(dataDir, { recursive: true, force: true });
  }
  for (const name of [stateFiles.password, stateFiles.cluster, stateFiles.told, stateFiles.hold]) {
    await rm(join(places.stateDir, name), { force: true });
  }
}

async function findKnownCluster(
  places: Places,
): Promise<{ readonly dataDir: string; readonly owner: Owner } | undefined> {
  const remembered = (await readClusterRecord(places))?.dataDir;
  const candidates = [...(remembered ? [remembered] : []), ...listDataDirs(places)];
  for (const dataDir of candidates) {
    try {
      const { uid, gid } = await stat(join(dataDir, 'PG_VERSION'));
      return { dataDir, owner: { uid, gid } };
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }
  return undefined;
}

function listDataDirs(places: Places): string[] {
  return [places.stateDir, ...places.temporaryDirs.map((dir) => join(dir, places.hash))].map(
    (dir) => join(dir, clusterName),
  );
}

async function chooseDataDir(
  account: Account,
  places: Places,
  known: string | undefined,
  problems: string[],
): Promise<string | undefined> {
  if (known !== undefined) {
    if (await canWork(account, known)) return known;
    // A second, empty cluster in another place would look like lost data.
    problems.push(`${known}: the server's user cannot reach the existing cluster`);
    return undefined;
  }
  for (const dataDir of listDataDirs(places)) {
    const trial = `${dataDir}.${process.pid}-trial`;
    try {
      await ensureFolder(dirname(dataDir), folderMode());
      await mkdir(trial, { mode: 0o700 });
      await giveTo(account, trial);
      if (await canWork(account, trial)) return dataDir;
      problems.push(`${dirname(dataDir)}: the server's user cannot reach it`);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      problems.push(`${dataDir}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await rm(trial, { recursive: true, force: true });
    }
  }
  return undefined;
}

/** Asks the system itself: permissions, namespaces and read-only mounts all have a say. */
async function canWork(account: Account, dir: string): Promise<boolean> {
  const script = 'cd "$1" && : > .trial && rm .trial';
  return (await runAs(account, ['/bin/sh', '-c', script, 'sh', dir])).code === 0;
}

async function prepareSocketDir(account: Account, places: Places): Promise<string | undefined> {
  for (const dir of places.temporaryDirs) {
    const socketDir = join(dir, places.hash, 's');
    if (Buffer.byteLength(join(socketDir, '.s.PGSQL.65535')) > socketPathLimit) continue;
    await ensureFolder(dirname(socketDir), folderMode());
    await ensureFolder(socketDir, 0o700);
    await giveTo(account, socketDir);
    if (await canWork(account, socketDir)) return socketDir;
  }
  return undefined;
}

/** Leaves no empty folders in the temp folder when the server has stopped. */
export async function removeSocketDir(cluster: Cluster): Promise<void> {
  await rm(cluster.socketDir, { recursive: true, force: true });
  // The cluster or the state lies beside it where the project folder could not hold them.
  await rmdir(dirname(cluster.socketDir)).catch(ignoreSystem);
}

/** Makes the cluster aside and renames it: a process killed on the way leaves no half cluster. */
async function initialise(cluster: Cluster, places: Places): Promise<void> {
  await refuseRemains(cluster.dataDir);
  await sweepAttempts(cluster.dataDir);
  const fresh = `${cluster.dataDir}.init-${process.pid}-${randomBytes(4).toString('hex')}`;
  const passwordFile = join(cluster.socketDir, `.password-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(fresh, { mode: 0o700 });
    await giveTo(cluster.account, fresh);
    await writePrivate(passwordFile, `${cluster.password}\n`, accountOwner(cluster.account));
    const { code, output } = await runAs(cluster.account, [
      join(cluster.native, 'bin', 'initdb'),
      '--pgdata',
      fresh,
      `--username=${embeddedUser}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      // Sorts alike on every machine, which ICU and the system's locales do not.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ]);
    if (code !== 0) {
      throw new UserError(`initdb could not make the cluster in \`${dirname(cluster.dataDir)}\``, {
        hint: `set DATABASE_URL to a server of your own, or remove the obstacle:\n${output.trim()}`,
        exitCode: 2,
      });
    }
    await appendFile(join(fresh, 'postgresql.conf'), "include_if_exists = 'fundlens.conf'\n");
    await writePrivate(join(places.stateDir, stateFiles.password), cluster.password, places.owner);
    await rename(fresh, cluster.dataDir);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
}

async function refuseRemains(dataDir: string): Promise<void> {
  try {
    if ((await readdir(dataDir)).length === 0) return;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  throw new UserError(`\`${dataDir}\` is not empty and holds no PostgreSQL cluster`, {
    hint: 'run `runner db reset` to begin anew, or put the missing files back',
  });
}

async function sweepAttempts(dataDir: string): Promise<void> {
  const parent = dirname(dataDir);
  const prefix = `${clusterName}.`;
  for (const name of await readdir(parent)) {
    // An initdb whose parent was killed may still write there for a moment: left to the next sweep.
    if (!name.startsWith(prefix)) continue;
    await rm(join(parent, name), { recursive: true, force: true, maxRetries: 2 }).catch(
      ignoreSystem,
    );
  }
}

function ignoreSystem(error: unknown): void {
  if (systemCode(error) === undefined) throw error;
}

async function readPassword(places: Places): Promise<string | undefined> {
  const text = await readIfThere(join(places.stateDir, stateFiles.password));
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

/** The password's file was lost: the data are not, since their owner may set another. */
async function renewPassword(cluster: Cluster, places: Places): Promise<void> {
  const statement = `alter role ${embeddedUser} password '${cluster.password}'\n`;

  const { code, output } = await runAs(
    cluster.account,
    [join(cluster.native, 'bin', 'postgres'), '--single', '-D', cluster.dataDir, 'postgres'],
    statement,
  );
  if (code !== 0 || output.includes('ERROR')) {
    throw new UserError(`the password of the cluster in \`${cluster.dataDir}\` is lost`, {
      hint: `put \`${join(places.stateDir, stateFiles.password)}\` back, or stop the server that runs there`,
    });
  }
  await writePrivate(join(places.stateDir, stateFiles.password), cluster.password, places.owner);
}

async function giveTo(account: Account, path: string): Promise<void> {
  const owner = accountOwner(account);
  if (owner) await chown(path, owner.uid, owner.gid);
}
