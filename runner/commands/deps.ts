// deps: decides the versions of the packages that the project names, locks and installs them.

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { throwFaults, UserError } from '../../core/errors.ts';
import type { ExitCode, ProgramContext } from '../../core/program.ts';
import { readEnv } from '../../core/settings.ts';
import { parseYaml, type YamlFile } from '../../core/yaml.ts';
import { type AddedPackage, addPackage } from '../packages/add-package.ts';
import { describeSpec, withoutSecrets } from '../packages/describe-spec.ts';
import { installPackages } from '../packages/install.ts';
import { lockFileName, lockText } from '../packages/lock-file.ts';
import { readMirror } from '../packages/mirror.ts';
import { openSource } from '../packages/open-source.ts';
import { parsePackages } from '../packages/parse-packages.ts';
import { resolvePackages } from '../packages/resolve-packages.ts';
import type { PackageList, PackageSource, PackageSpec, PinnedPackage } from '../packages/types.ts';
import { parseProjectFile } from '../project/project-file.ts';
import { readProjectText } from '../project/read-files.ts';
import { renderYaml, yamlScope } from '../project/render-yaml.ts';
import type { YamlInputs } from '../project/types.ts';
import { parseVars } from './load-project.ts';
import type { CommonOptions } from './types.ts';

/** Options of deps. */
export interface DepsOptions extends CommonOptions {
  /** Decide the versions anew, though the lock file is up to date. */
  readonly upgrade: boolean;
  /** Write the lock file and install nothing. */
  readonly lock: boolean;
  readonly add: AddedPackage | undefined;
}

/** The registry where the environment names no other. */
const defaultHubUrl = 'https://hub.getdbt.com/';

/** Installs the packages that the project names; needs no target and no database. */
export async function deps(context: ProgramContext, options: DepsOptions): Promise<ExitCode> {
  const { reporter } = context;
  const projectDir = resolve(options.projectDir);
  const env = readEnv(projectDir, context.env);
  const inputs: YamlInputs = { vars: parseVars(options.varsText), env };
  const text = readProjectText(projectDir);
  const { name, paths } = parseProjectFile({ project: text, path: 'dbt_project.yml' }, inputs);
  if (options.add) await addToFile(projectDir, options.add);
  const wanted = readLists(projectDir, inputs);
  hideSecrets(context, wanted);
  if (wanted.specs.length === 0) {
    reporter.info('the project names no packages');
    return 0;
  }
  const scratchDir = await mkdtemp(join(tmpdir(), 'runner-packages-'));
  try {
    const source = openSource({
      projectDir,
      scratchDir,
      hubUrl: env['RUNNER_HUB_URL'] || env['DBT_PACKAGE_HUB_URL'] || defaultHubUrl,
      mirror: readMirror(projectDir, env['RUNNER_PACKAGES_MIRROR']),
      signal: context.signal,
      parseList: (path, list) => parseList({ path, text: list }, inputs).specs,
    });
    const locked = options.upgrade ? undefined : await readLock(projectDir, wanted, inputs, source);
    const pinned = locked ?? (await resolvePackages(wanted.specs, name, source));
    if (locked === undefined) {
      await writeWhole(join(projectDir, lockFileName), lockText(pinned, wanted.sha1));
      reporter.info(`wrote ${lockFileName}`);
    }
    warnUnpinned(context, wanted);
    if (options.lock) return 0;
    await installPackages(pinned, join(projectDir, paths.packages));
    for (const { spec, fetched } of pinned) {
      reporter.info(`installed ${fetched.name} from ${describeSpec(spec)}`);
    }
    return 0;
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}

async function addToFile(projectDir: string, added: AddedPackage): Promise<void> {
  const path = join(projectDir, 'packages.yml');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  await writeWhole(path, addPackage(text, added));
}

/** @throws {UserError} where both files name packages: dbt reads one only. */
function readLists(projectDir: string, inputs: YamlInputs): PackageList {
  const found = ['packages.yml', 'dependencies.yml']
    .filter((path) => existsSync(join(projectDir, path)))
    .map((path) => ({ path, text: readFileSync(join(projectDir, path), 'utf8') }))
    .map((file) => ({ path: file.path, list: parseList(file, inputs) }))
    .filter(({ list }) => list.specs.length > 0);
  if (found.length > 1) {
    throw new UserError('packages.yml and dependencies.yml both name packages', {
      where: { path: 'dependencies.yml' },
      hint: 'keep the packages in one of the two',
    });
  }
  return found[0]?.list ?? { specs: [], sha1: '' };
}

/** Only the environment and --vars are known to these files, as in dbt. */
function parseList(file: { path: string; text: string }, inputs: YamlInputs): PackageList {
  const written = parseYaml(file);
  return parsePackages(written, rendered(written, inputs));
}

function rendered(written: YamlFile, inputs: YamlInputs): YamlFile {
  const faults: UserError[] = [];
  const yaml = renderYaml(written, yamlScope(inputs, {}), () => true, faults);
  throwFaults(faults);
  return yaml;
}

/** Undefined where there is no lock file of the packages that are wanted now. */
async function readLock(
  projectDir: string,
  wanted: PackageList,
  inputs: YamlInputs,
  source: PackageSource,
): Promise<readonly PinnedPackage[] | undefined> {
  const path = join(projectDir, lockFileName);
  if (!existsSync(path)) return undefined;
  const yaml = parseYaml({ path: lockFileName, text: readFileSync(path, 'utf8') });
  if (typeof yaml.value !== 'object' || yaml.value === null) return undefined;
  const { sha1_hash: sha1, ...value } = { sha1_hash: undefined, ...yaml.value };
  if (sha1 !== wanted.sha1) return undefined;
  const written = { ...yaml, value };
  const { specs } = parsePackages(written, rendered(written, inputs));
  const pinned: PinnedPackage[] = [];
  for (const lockedSpec of specs) {
    const spec = withToken(lockedSpec, wanted);
    pinned.push({ spec, fetched: await source.fetch(spec) });
  }
  return pinned;
}

/** The lock file holds no token; the URL that does is in packages.yml. */
function withToken(spec: PackageSpec, { specs }: PackageList): PackageSpec {
  if (spec.kind === 'git') {
    const own = specs.find((it) => it.kind === 'git' && withoutSecrets(it.url) === spec.url);
    return own?.kind === 'git' ? { ...spec, url: own.url } : spec;
  }
  if (spec.kind !== 'tarball') return spec;
  const own = specs.find((it) => it.kind === 'tarball' && withoutSecrets(it.url) === spec.url);
  return own?.kind === 'tarball' ? { ...spec, url: own.url } : spec;
}

/** User, password and token of a URL are printed nowhere, in git's own messages neither. */
function hideSecrets(context: ProgramContext, { specs }: PackageList): void {
  for (const spec of specs) {
    if (spec.kind !== 'git' && spec.kind !== 'tarball') continue;
    const login = /^[a-z][a-z0-9+.-]*:\/\/([^@/]+)@/i.exec(spec.url)?.[1] ?? '';
    for (const secret of login.split(':')) {
      if (secret.length > 3) context.reporter.addSecret(secret);
    }
  }
}

function warnUnpinned(context: ProgramContext, { specs }: PackageList): void {
  for (const spec of specs) {
    const isMoving = ['main', 'master', 'HEAD', undefined];
    if (spec.kind !== 'git' || !spec.warnsUnpinned || !isMoving.includes(spec.revision)) continue;
    context.reporter.warn(
      `${describeSpec(spec)} is not pinned: what it holds may change; name a tag or a commit`,
    );
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.part`;
  await writeFile(partial, text);
  await rename(partial, path);
}
