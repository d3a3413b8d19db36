import type { Selectable } from './types.ts';

/** Makes the test of `version:`; `prerelease` and `old` stand after and before the latest version. */
export function versionMatcher(value: string): (node: Selectable) => boolean {
  return ({ resourceType, version, latestVersion }) => {
    if (resourceType !== 'model') return false;
    if (value === 'none') return version === undefined;
    if (version === undefined || latestVersion === undefined) return false;
    if (value === 'latest') return version === latestVersion;
    const order = compareVersions(version, latestVersion);
    return value === 'prerelease' ? order > 0 : order < 0;
  };
}

/** Numbers by size, and texts by their letters as soon as one of the two is no number. */
function compareVersions(a: string | number, b: string | number): number {
  const [left, right] = [Number(a), Number(b)];
  if (!Number.isNaN(left) && !Number.isNaN(right)) return left - right;
  if (String(a) === String(b)) return 0;
  return String(a) < String(b) ? -1 : 1;
}
