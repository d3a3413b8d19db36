// `runner deps --add-package`: packages.yml with one package more, its comments kept.

import { isMap, isSeq, parseDocument } from 'yaml';
import { UserError } from '../../core/errors.ts';

/** A package given on the command line. */
export interface AddedPackage {
  /** `owner/package@1.3.0`, `https://host/x.git@main` or a path. */
  readonly given: string;
  readonly source: 'hub' | 'git' | 'local';
}

/**
 * Returns the text of packages.yml with the package in it, in place of an entry of its name.
 * @throws {UserError} where a version is missing.
 */
export function addPackage(text: string, { given, source }: AddedPackage): string {
  const at = source === 'local' ? -1 : given.lastIndexOf('@');
  const name = at > 0 ? given.slice(0, at) : given;
  const version = at > 0 ? given.slice(at + 1) : undefined;
  if (source === 'hub' && (version === undefined || !/^[\w.-]+\/[\w.-]+$/.test(name))) {
    throw new UserError(`\`${given}\` names no package with a version`, {
      where: '--add-package',
      hint: 'write `owner/package@1.3.0`',
    });
  }
  const key = source === 'hub' ? 'package' : source;
  const versions = version?.includes(',') === true ? version.split(',') : version;
  const entry = {
    [key]: name,
    ...(versions !== undefined && { [source === 'git' ? 'revision' : 'version']: versions }),
  };
  const document = parseDocument(text.trim() === '' ? 'packages: []\n' : text);
  const list = document.get('packages');
  if (!isSeq(list)) {
    document.set('packages', [entry]);
    return document.toString();
  }
  list.flow = false;
  list.items = list.items.filter((item) => !isMap(item) || item.get(key) !== name);
  list.add(document.createNode(entry));
  return document.toString();
}
