import { globToRegExp, isGlob } from './glob.ts';
import type { Selectable } from './types.ts';

/**
 * Makes a test for a name, or for the first parts of a fully qualified name, the package's own put
 * before or not: `orders`, `marts.finance`, `shop.marts.*`, `orders_v2` and `orders.v2` for a version.
 */
export function fqnMatcher(value: string): (node: Selectable) => boolean {
  const parts = value.split('.');
  const wildcard = parts.findIndex(isGlob);
  const plain = wildcard === -1 ? parts : parts.slice(0, wildcard);
  const rest = wildcard === -1 ? undefined : globToRegExp(parts.slice(wildcard).join('.'));
  const matches = (fqn: readonly string[], isVersioned: boolean): boolean => {
    if (isVersioned ? isVersionOf(fqn, value, parts) : fqn.at(-1) === value) return true;
    // A point in a name divides it as a folder does.
    const flat = fqn.flatMap((part) => part.split('.'));
    if (flat.length < parts.length) return false;
    if (!plain.every((part, index) => flat[index] === part)) return false;
    return rest === undefined || rest.test(flat.slice(wildcard).join('.'));
  };
  return ({ resourceType, fqn, version }) => {
    // A source is named by `source:` alone.
    if (resourceType === 'source') return false;
    const isVersioned = version !== undefined;
    return matches(fqn, isVersioned) || matches(fqn.slice(1), isVersioned);
  };
}

function isVersionOf(fqn: readonly string[], value: string, parts: readonly string[]): boolean {
  return fqn.at(-2) === value || fqn.slice(-2).join('_') === parts.slice(-2).join('_');
}
