// package-lock.yml: the versions decided, as dbt writes and reads them.

import { stringify } from 'yaml';
import { withoutSecrets } from './describe-spec.ts';
import type { PinnedPackage } from './types.ts';

/** Name of the lock file. */
export const lockFileName = 'package-lock.yml';

/** Returns the text of package-lock.yml. */
export function lockText(pinned: readonly PinnedPackage[], sha1: string): string {
  const packages = pinned.map(entryOf);
  return stringify({ packages, sha1_hash: sha1 });
}

function entryOf({ spec, fetched: { name } }: PinnedPackage): Readonly<Record<string, unknown>> {
  switch (spec.kind) {
    case 'hub':
      return { name, package: spec.package, version: spec.versions[0] };
    case 'git':
      return {
        git: lockedUrl(spec.writtenUrl),
        name,
        revision: spec.revision,
        ...(spec.subdirectory !== undefined && { subdirectory: spec.subdirectory }),
      };
    case 'tarball':
      return { name, tarball: lockedUrl(spec.writtenUrl) };
    case 'local':
      return { local: spec.path, name };
  }
}

/** A template stays, since it holds no secret; a token that was written out does not. */
function lockedUrl(writtenUrl: string): string {
  return writtenUrl.includes('{{') ? writtenUrl : withoutSecrets(writtenUrl);
}
