// What packages a project asks for, and which ones it gets.

/** A package of a registry, with the versions that are wanted of it. */
export interface HubSpec {
  readonly kind: 'hub';
  /** `owner/package` */
  readonly package: string;
  /** Each such as `1.3.0` or `>=1.0.0`; all must hold. */
  readonly versions: readonly string[];
  readonly allowsPrerelease: boolean;
}

/** A package that is a git repository, or a folder of one. */
export interface GitSpec {
  readonly kind: 'git';
  /** Rendered; may hold a token. */
  readonly url: string;
  /** As written, with its templates: what files and messages may show. */
  readonly writtenUrl: string;
  /** A tag, a branch or a commit. */
  readonly revision: string | undefined;
  readonly subdirectory: string | undefined;
  readonly warnsUnpinned: boolean;
}

/** A package that is a `.tar.gz` at a URL. */
export interface TarballSpec {
  readonly kind: 'tarball';
  readonly url: string;
  readonly writtenUrl: string;
  readonly name: string;
}

/** A package that is a folder, relative to the project. */
export interface LocalSpec {
  readonly kind: 'local';
  readonly path: string;
}

/** A package as asked for. */
export type PackageSpec = HubSpec | GitSpec | TarballSpec | LocalSpec;

/** The packages that one file names. */
export interface PackageList {
  readonly specs: readonly PackageSpec[];
  /** dbt's hash of the list, by which a lock file is known to be of this list. */
  readonly sha1: string;
}

/** A package fetched, in a folder, not yet installed. */
export interface FetchedPackage {
  readonly folder: string;
  /** From its dbt_project.yml. */
  readonly name: string;
  readonly packages: readonly PackageSpec[];
  /** For a git package: the commit. */
  readonly revision?: string | undefined;
}

/** A package with its version decided. */
export interface PinnedPackage {
  /** A hub spec has one version and a git spec a commit. */
  readonly spec: PackageSpec;
  readonly fetched: FetchedPackage;
}

/** Where packages come from. */
export interface PackageSource {
  /** Every version there is of a hub package. */
  versionsOf(packageName: string): Promise<readonly string[]>;
  /** Fetches a package; the same spec is fetched once. */
  fetch(spec: PackageSpec): Promise<FetchedPackage>;
}
