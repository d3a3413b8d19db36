// Which files of a folder are to be loaded.

import { type Dirent, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errorCode } from '../../core/database.ts';
import { UserError } from '../../core/errors.ts';
import { fileName, memberName } from '../datasets/catalog.ts';
import type { Dataset } from '../datasets/types.ts';

/** One file of the FEC to load: a zip, or a CSV as it is. */
export interface BulkFile {
  readonly dataset: Dataset;
  readonly cycle: number;
  readonly path: string;
  /** Name without the folder. */
  readonly name: string;
  /** Where it was fetched; undefined for a file of the user's own. */
  readonly origin?: FileOrigin | undefined;
}

/** Where a file comes from, for the ledger. */
export interface FileOrigin {
  readonly url: string;
  /** As the server sent it, with its quotes. */
  readonly etag?: string | undefined;
  /** An HTTP date. */
  readonly lastModified?: string | undefined;
}

/**
 * Returns the folder that `--from` names; undefined for none and for an address. What has a scheme is an
 * address, though it may be one that is refused.
 */
export function localFolder(from: string | undefined): string | undefined {
  return from === undefined || /^[a-z][a-z\d+.-]+:\/\//i.test(from) ? undefined : resolve(from);
}

/** What a folder has of a cycle. */
export interface FoundFiles {
  readonly files: readonly BulkFile[];
  /** Datasets whose file is not there. */
  readonly missing: readonly Dataset[];
}

/**
 * Finds the FEC's files of a cycle in a folder. A file may be missing unless its dataset was asked for by name.
 * @throws {UserError} when the folder cannot be read, or has none of the files, or lacks one asked for.
 */
export function findFiles(
  folder: string,
  cycle: number,
  wanted: readonly Dataset[],
  askedByName: boolean,
): FoundFiles {
  const names = readFileNames(folder);
  const available = wanted.filter((dataset) => dataset.firstCycle <= cycle);
  const files = available
    .map((dataset) => ({ dataset, cycle, name: fileName(dataset, cycle) }))
    .filter(({ name }) => names.has(name))
    .map((file) => ({ ...file, path: join(folder, file.name) }));
  const missing = available.filter((dataset) => !names.has(fileName(dataset, cycle)));
  const tooEarly = wanted.find((dataset) => dataset.firstCycle > cycle);
  if (askedByName && tooEarly !== undefined) {
    throw new UserError(
      `the FEC has \`${tooEarly.name}\` from cycle ${tooEarly.firstCycle} on, not for ${cycle}`,
      { where: '--dataset' },
    );
  }
  if (files.length === 0 || (askedByName && missing.length > 0)) {
    const absent = missing.map((dataset) => `\`${fileName(dataset, cycle)}\``);
    throw new UserError(
      files.length === 0 && !askedByName
        ? `the folder has none of the files of cycle ${cycle}: ${absent.join(', ')}`
        : `the folder lacks ${absent.join(', ')}`,
      { where: folder, hint: hintFor(names, cycle, missing) },
    );
  }
  return { files, missing };
}

/** A folder more often than not has another cycle's files: say so. */
function hintFor(names: ReadonlySet<string>, cycle: number, missing: readonly Dataset[]): string {
  for (const dataset of missing) {
    for (let other = 1980; other <= 2078; other += 2) {
      if (names.has(fileName(dataset, other))) {
        return `it has \`${fileName(dataset, other)}\`: did you mean \`--cycle ${other}\`?`;
      }
    }
    const unpacked = memberName(dataset, cycle);
    if (names.has(unpacked)) {
      return `it has \`${unpacked}\`, which is unpacked: give the zip as the FEC publishes it`;
    }
  }
  return `fetch the files from https://www.fec.gov/files/bulk-downloads/${cycle}/ and keep their names`;
}

function readFileNames(folder: string): ReadonlySet<string> {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = errorCode(error);
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such folder',
      ENOTDIR: 'is not a folder',
      EACCES: 'the folder cannot be read',
    };
    throw new UserError(reasons[code ?? ''] ?? `cannot be read: ${code}`, {
      where: folder,
      hint: "give the folder of the FEC's files: `--from DIR`",
      cause: error,
    });
  }
  return new Set(entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name));
}
