import type { PackageSpec } from './types.ts';

/** Returns a package as messages name it, without what a URL hides. */
export function describeSpec(spec: PackageSpec): string {
  switch (spec.kind) {
    case 'hub':
      return `${spec.package}@${spec.versions.join(',')}`;
    case 'git': {
      const revision = spec.revision === undefined ? '' : `@${spec.revision}`;
      const folder = spec.subdirectory === undefined ? '' : `/${spec.subdirectory}`;
      return `${withoutSecrets(spec.writtenUrl)}${folder}${revision}`;
    }
    case 'tarball':
      return withoutSecrets(spec.writtenUrl);
    case 'local':
      return spec.path;
  }
}

/** Returns a URL without its user, password and query, any of which may be a token. */
export function withoutSecrets(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^@/]*@/i, '$1***@').replace(/\?.*$/s, '?***');
}
