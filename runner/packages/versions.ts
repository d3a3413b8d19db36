// Versions of hub packages, and the ranges that packages.yml asks for.

/** A version as numbers; a prerelease comes before the version that it precedes. */
interface Version {
  readonly numbers: readonly [number, number, number];
  readonly prerelease: readonly string[];
}

interface Constraint {
  readonly operator: '=' | '>' | '>=' | '<' | '<=';
  readonly version: Version;
}

const pattern = /^(=|>=?|<=?)?\s*v?(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?(?:\+[\w.-]+)?$/;

/** Tells whether a text is a version with an operator or without. */
export function isConstraint(text: string): boolean {
  return parseConstraint(text) !== undefined;
}

/** Returns the one version that the constraints name exactly, if they do. */
export function exactVersion(constraints: readonly string[]): string | undefined {
  return constraints
    .map((text) => ({ text, parsed: parseConstraint(text) }))
    .filter(({ parsed }) => parsed?.operator === '=')
    .map(({ text }) => text.replace(/^=\s*/, ''))[0];
}

/** Returns the newest of the versions for which all constraints hold. */
export function newestOf(
  versions: readonly string[],
  constraints: readonly string[],
  allowsPrerelease: boolean,
): string | undefined {
  const wanted = constraints.flatMap((text) => parseConstraint(text) ?? []);
  const isNamed = wanted.some(
    ({ operator, version }) => operator === '=' && version.prerelease.length > 0,
  );
  const allowed = versions
    .flatMap((text) => {
      const version = parseConstraint(text)?.version;
      return version === undefined ? [] : [{ text, version }];
    })
    .filter(({ version }) => allowsPrerelease || isNamed || version.prerelease.length === 0)
    .filter(({ version }) => wanted.every((constraint) => holds(constraint, version)))
    .sort((a, b) => compareVersions(b.version, a.version));
  return allowed[0]?.text;
}

function parseConstraint(text: string): Constraint | undefined {
  const match = pattern.exec(text.trim());
  if (match === null) return undefined;
  const [, operator, major, minor, patch, prerelease] = match;
  return {
    // as: the pattern lets no other operator through
    operator: (operator ?? '=') as Constraint['operator'],
    version: {
      numbers: [Number(major), Number(minor), Number(patch)],
      prerelease: prerelease?.split('.') ?? [],
    },
  };
}

function holds({ operator, version }: Constraint, candidate: Version): boolean {
  const order = compareVersions(candidate, version);
  switch (operator) {
    case '=':
      return order === 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
  }
}

function compareVersions(a: Version, b: Version): number {
  for (const [index, number] of a.numbers.entries()) {
    const order = number - (b.numbers[index] ?? 0);
    if (order !== 0) return order;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return b.prerelease.length - a.prerelease.length;
  }
  return comparePrereleases(a.prerelease, b.prerelease);
}

/** Numbers compare as numbers and come before words; the longer of two with one beginning is newer. */
function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (part === other) continue;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(part), /^\d+$/.test(other)];
    if (isNumber && isOtherNumber) return Number(part) - Number(other);
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return part < other ? -1 : 1;
  }
  return a.length - b.length;
}
