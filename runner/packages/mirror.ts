// The mirror: where packages come from in a network that does not reach the registry or git hosts.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { parseYaml, validateYaml } from '../../core/yaml.ts';

/** Tells where else a package is to be had: a folder or a URL for a hub name or a URL, if any. */
export type Mirror = (nameOrUrl: string) => string | undefined;

/** File of the project that is the mirror setting where the environment names none. */
export const mirrorFileName = 'packages-mirror.yml';

const mirrorSchema = z.strictObject({ mirror: z.record(z.string(), z.string()) });

/**
 * Reads the mirror setting: a folder that holds packages as `owner/name`, or a YAML file whose
 * `mirror` maps names and URLs to folders, relative to the file, or to URLs.
 * @throws {UserError} where it names nothing that exists.
 */
export function readMirror(projectDir: string, setting: string | undefined): Mirror {
  const path = resolve(projectDir, setting || mirrorFileName);
  if (!existsSync(path)) {
    if (!setting) return () => undefined;
    throw new UserError(`the mirror \`${setting}\` does not exist`, {
      where: 'environment variable RUNNER_PACKAGES_MIRROR',
      hint: 'name a folder, or a YAML file with the key `mirror`',
    });
  }
  if (statSync(path).isDirectory()) return (nameOrUrl) => inFolder(path, nameOrUrl);
  const yaml = parseYaml({ path, text: readFileSync(path, 'utf8') });
  const { mirror } = validateYaml(yaml, mirrorSchema);
  const places = new Map(
    Object.entries(mirror).map(([from, to]) => [
      withoutEnding(from),
      isUrl(to) ? to : resolve(dirname(path), to),
    ]),
  );
  return (nameOrUrl) => places.get(withoutEnding(nameOrUrl));
}

/** Tells whether a text is a URL rather than a path. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text) || /^[\w.-]+@[\w.-]+:/.test(text);
}

/** A URL is found by its last two parts: `https://host/owner/name.git` is `owner/name`. */
function inFolder(folder: string, nameOrUrl: string): string | undefined {
  const parts = withoutEnding(nameOrUrl)
    .split(/[/:]/)
    .filter((part) => part !== '');
  if (parts.some((part) => part === '..' || part === '.')) return undefined;
  const candidates = [parts.slice(-2), parts.slice(-1)].map((last) => join(folder, ...last));
  return candidates.find((path) => existsSync(path));
}

function withoutEnding(nameOrUrl: string): string {
  return nameOrUrl.replace(/\/+$/, '').replace(/\.git$/, '');
}
