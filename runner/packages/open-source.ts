// Fetches packages: from the mirror, the registry, git, a URL or a folder, in that order of trust.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { parseYaml } from '../../core/yaml.ts';
import { describeSpec, withoutSecrets } from './describe-spec.ts';
import { download, verifySha1 } from './download.ts';
import { checkOut } from './git.ts';
import { isUrl, type Mirror } from './mirror.ts';
import { readTarball } from './tar.ts';
import type { FetchedPackage, GitSpec, HubSpec, PackageSource, PackageSpec } from './types.ts';

/** What fetching depends on. */
export interface SourceOptions {
  readonly projectDir: string;
  /** Where fetched packages are put; removed by the caller. */
  readonly scratchDir: string;
  /** Of the registry, such as `https://hub.getdbt.com/`. */
  readonly hubUrl: string;
  readonly mirror: Mirror;
  readonly signal: AbortSignal;
  /** Parses packages.yml or dependencies.yml of a package. */
  readonly parseList: (path: string, text: string) => readonly PackageSpec[];
}

const hubSchema = z.object({
  versions: z.record(
    z.string(),
    z.object({
      downloads: z.object({ tarball: z.string(), sha1: z.string().nullish() }),
    }),
  ),
});
type HubVersions = z.infer<typeof hubSchema>['versions'];

/** Opens the places where packages come from. */
export function openSource(options: SourceOptions): PackageSource {
  const fetched = new Map<string, Promise<FetchedPackage>>();
  const indexes = new Map<string, Promise<HubVersions>>();
  const indexOf = (name: string): Promise<HubVersions> =>
    once(indexes, name, () => readIndex(options, name));
  return {
    versionsOf: async (name) =>
      mirroredVersions(name, options.mirror(name)) ?? Object.keys(await indexOf(name)),
    fetch: (spec) =>
      once(fetched, JSON.stringify(spec), async () => {
        const place = await placeOf(options, spec, indexOf);
        return readFetched(options, spec, place);
      }),
  };
}

function once<Value>(known: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>) {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}

async function readIndex({ hubUrl, signal }: SourceOptions, name: string): Promise<HubVersions> {
  const url = `${hubUrl.replace(/\/?$/, '/')}api/v1/${name}.json`;
  const bytes = await download(url, signal);
  let answer: unknown;
  try {
    answer = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new UserError('the registry does not answer in JSON', { where: url, cause });
  }
  const parsed = hubSchema.safeParse(answer);
  if (parsed.success) return parsed.data.versions;
  throw new UserError(`the registry has no versions of \`${name}\``, {
    where: url,
    hint: 'check the name on the registry: it may have moved',
  });
}

/**
 * Undefined where the mirror does not say, as it names a URL.
 * @throws {UserError} for a package without a folder of its version: its files are no versions.
 */
function mirroredVersions(name: string, place: string | undefined): readonly string[] | undefined {
  if (place === undefined || isUrl(place)) return undefined;
  if (existsSync(join(place, 'dbt_project.yml'))) {
    throw new UserError(`the mirror holds \`${name}\` itself where its versions belong`, {
      where: { path: place },
      hint: 'put its files into a folder named by their version, such as `1.0.0`, in this one',
    });
  }
  return readdirSync(place).map((name) => name.replace(/\.tar\.gz$|\.tgz$/, ''));
}

interface Fetched {
  readonly folder: string;
  readonly revision?: string;
}

type IndexOf = (name: string) => Promise<HubVersions>;

async function placeOf(
  options: SourceOptions,
  spec: PackageSpec,
  indexOf: IndexOf,
): Promise<Fetched> {
  switch (spec.kind) {
    case 'local':
      return { folder: resolve(options.projectDir, spec.path) };
    case 'hub':
      return fetchHub(options, spec, indexOf);
    case 'git':
      return fetchGit(options, spec);
    case 'tarball': {
      const place = options.mirror(spec.url) ?? spec.url;
      return unpack(options, place, describeSpec(spec));
    }
  }
}

async function fetchHub(options: SourceOptions, spec: HubSpec, indexOf: IndexOf): Promise<Fetched> {
  const [version = ''] = spec.versions;
  const where = describeSpec(spec);
  const place = options.mirror(spec.package);
  if (place !== undefined && isUrl(place)) {
    return unpack(options, place.replaceAll('{version}', version), where);
  }
  if (place !== undefined) {
    const names = [version, `${version}.tar.gz`, `${version}.tgz`];
    const found = names.map((name) => join(place, name)).find((path) => existsSync(path));
    if (found === undefined)
      throw new UserError(`the mirror has no version \`${version}\``, { where });
    return found.endsWith('gz') ? unpack(options, found, where) : { folder: found };
  }
  const downloads = (await indexOf(spec.package))[version]?.downloads;
  if (downloads === undefined) {
    throw new UserError(`the registry has no version \`${version}\``, {
      where,
      hint: 'decide the versions anew with `runner deps --upgrade`',
    });
  }
  return unpack(options, downloads.tarball, where, downloads.sha1 ?? undefined);
}

async function fetchGit(options: SourceOptions, spec: GitSpec): Promise<Fetched> {
  const mirrored = options.mirror(spec.url);
  const isPlain =
    mirrored !== undefined &&
    !isUrl(mirrored) &&
    !['.git', 'HEAD'].some((name) => existsSync(join(mirrored, name)));
  const found = isPlain ? { folder: mirrored } : await clone(options, spec, mirrored ?? spec.url);
  if (spec.subdirectory === undefined) return found;
  const folder = resolve(found.folder, spec.subdirectory);
  if (folder.startsWith(`${resolve(found.folder)}/`)) return { ...found, folder };
  throw new UserError('`subdirectory` leads outside of the repository', {
    where: describeSpec(spec),
  });
}

async function clone(options: SourceOptions, spec: GitSpec, url: string): Promise<Fetched> {
  const folder = await mkdtemp(join(options.scratchDir, 'git-'));
  const isPath = !isUrl(url);
  const from = isPath ? resolve(options.projectDir, url) : url;
  return { folder, revision: await checkOut(spec, from, folder) };
}

async function unpack(
  options: SourceOptions,
  place: string,
  where: string,
  sha1?: string,
): Promise<Fetched> {
  const bytes = isUrl(place)
    ? await download(place, options.signal)
    : readFileSync(resolve(options.projectDir, place));
  if (sha1 !== undefined) verifySha1(bytes, sha1, withoutSecrets(place));
  const folder = await mkdtemp(join(options.scratchDir, 'tarball-'));
  const files = readTarball(bytes, where);
  const [top] = files.map(({ path }) => path.split('/')[0] ?? '');
  const hasOneTop = files.every(({ path }) => path.startsWith(`${top}/`));
  for (const { path, data } of files) {
    const target = join(folder, hasOneTop ? path.slice((top ?? '').length + 1) : path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, data);
  }
  return { folder };
}

function readFetched(options: SourceOptions, spec: PackageSpec, found: Fetched): FetchedPackage {
  const where = describeSpec(spec);
  const path = join(found.folder, 'dbt_project.yml');
  if (!existsSync(path)) {
    throw new UserError('the package has no dbt_project.yml', {
      where,
      hint: 'check the path, or name its `subdirectory`',
    });
  }
  const { value } = parseYaml({ path, text: readFileSync(path, 'utf8') });
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : '';
  // The name becomes a folder's: nothing else may be in it.
  if (typeof name !== 'string' || !/^[a-z_]\w*$/i.test(name)) {
    throw new UserError('the dbt_project.yml of the package has no valid `name`', { where });
  }
  const lists = ['packages.yml', 'dependencies.yml'].map((file) => join(found.folder, file));
  const packages = lists
    .filter((file) => existsSync(file))
    .flatMap((file) => options.parseList(file, readFileSync(file, 'utf8')));
  return { ...found, name, packages };
}

/** Copies a fetched package to where it is installed, without what git keeps. */
export async function copyPackage(fetched: FetchedPackage, target: string): Promise<void> {
  await cp(fetched.folder, target, {
    recursive: true,
    filter: (path) => !/[/\\]\.git$/.test(path),
  });
}
