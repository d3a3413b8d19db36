// Which version of each package, those that packages ask for in turn included.

import { UserError } from '../../core/errors.ts';
import { describeSpec } from './describe-spec.ts';
import type { HubSpec, PackageSource, PackageSpec, PinnedPackage } from './types.ts';
import { newestOf } from './versions.ts';

/** A spec, and who asks for it. */
interface Wish {
  readonly spec: PackageSpec;
  readonly by: string;
}

/**
 * Decides the version of every package. A package that several ask for gets the newest version that
 * suits them all.
 * @throws {UserError} where no version suits, or two packages have one name.
 */
export async function resolvePackages(
  specs: readonly PackageSpec[],
  projectName: string,
  source: PackageSource,
): Promise<readonly PinnedPackage[]> {
  const wishes = new Map<string, Wish[]>();
  let pending: readonly Wish[] = specs.map((spec) => ({ spec, by: projectName }));
  // A choice may change when a later wish narrows it: decided again until nothing new is asked for.
  while (pending.length > 0) {
    const changed = new Set<string>();
    for (const wish of pending) {
      const key = keyOf(wish.spec);
      const known = wishes.get(key) ?? [];
      if (known.some((it) => it.by === wish.by && sameSpec(it.spec, wish.spec))) continue;
      wishes.set(key, [...known, wish]);
      changed.add(key);
    }
    const next: Wish[] = [];
    for (const key of changed) {
      const { fetched } = await pin(wishes.get(key) ?? [], source);
      next.push(...fetched.packages.map((spec) => ({ spec, by: fetched.name })));
    }
    pending = next;
  }
  const pinned: PinnedPackage[] = [];
  for (const same of wishes.values()) pinned.push(await pin(same, source));
  refuseSameNames(pinned, projectName);
  return pinned;
}

/** What makes two specs one package. */
function keyOf(spec: PackageSpec): string {
  switch (spec.kind) {
    case 'hub':
      return `hub ${spec.package}`;
    case 'git':
      return `git ${spec.url.replace(/(\.git)?\/*$/, '')} ${spec.subdirectory ?? ''}`;
    case 'tarball':
      return `tarball ${spec.url}`;
    case 'local':
      return `local ${spec.path}`;
  }
}

function sameSpec(a: PackageSpec, b: PackageSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function pin(wishes: readonly Wish[], source: PackageSource): Promise<PinnedPackage> {
  const [first] = wishes;
  if (first === undefined) throw new Error('a package that nobody asks for');
  const spec =
    first.spec.kind === 'hub' ? await pinHub(first.spec, wishes, source) : oneRevision(wishes);
  const fetched = await source.fetch(spec);
  const isCommit = spec.kind === 'git' && fetched.revision !== undefined;
  return { spec: isCommit ? { ...spec, revision: fetched.revision } : spec, fetched };
}

async function pinHub(
  first: HubSpec,
  wishes: readonly Wish[],
  source: PackageSource,
): Promise<HubSpec> {
  const specs = wishes.flatMap(({ spec, by }) => (spec.kind === 'hub' ? [{ ...spec, by }] : []));
  const versions = await source.versionsOf(first.package);
  const constraints = specs.flatMap((spec) => spec.versions);
  const allowsPrerelease = specs.some((spec) => spec.allowsPrerelease);
  const version = newestOf(versions, constraints, allowsPrerelease);
  if (version !== undefined) return { ...first, versions: [version], allowsPrerelease };
  const asked = specs.map((spec) => `\`${spec.versions.join(', ')}\` by ${spec.by}`).join(', ');
  throw new UserError(`no version of \`${first.package}\` suits: asked for are ${asked}`, {
    where: 'packages.yml',
    hint: `there are ${versions.slice(-8).join(', ') || 'no versions at all'}; change a range`,
  });
}

/** Two that ask for one repository must name one revision; one that names none accepts any. */
function oneRevision(wishes: readonly Wish[]): PackageSpec {
  const named = wishes.filter(({ spec }) => spec.kind === 'git' && spec.revision !== undefined);
  const [chosen = wishes[0]] = named;
  const other = named.find(
    ({ spec }) =>
      spec.kind === 'git' && chosen?.spec.kind === 'git' && spec.revision !== chosen.spec.revision,
  );
  if (chosen === undefined) throw new Error('a package that nobody asks for');
  if (other === undefined) return chosen.spec;
  throw new UserError(
    `two revisions of one package are asked for: ${describeSpec(chosen.spec)} by ${chosen.by}, ${describeSpec(other.spec)} by ${other.by}`,
    { where: 'packages.yml', hint: 'name one revision in both' },
  );
}

function refuseSameNames(pinned: readonly PinnedPackage[], projectName: string): void {
  const seen = new Map<string, string>([[projectName, 'the project itself']]);
  for (const { spec, fetched } of pinned) {
    const first = seen.get(fetched.name);
    if (first !== undefined) {
      throw new UserError(
        `two packages are named \`${fetched.name}\`: ${first} and ${describeSpec(spec)}`,
        { where: 'packages.yml', hint: 'remove one of them' },
      );
    }
    seen.set(fetched.name, describeSpec(spec));
  }
}
