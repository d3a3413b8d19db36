// Which macros a template names, told from its syntax tree: the branches that are not taken count too.

import type { MacroLibrary } from './macro-library.ts';
import { internalPackage } from './macro-library.ts';

/** Returns the ids of the macros that a tree names, sorted; `from` is the package that it stands in. */
export function macroUses(tree: unknown, from: string, library: MacroLibrary): readonly string[] {
  const ids = new Set<string>();
  const add = (packageName: string | undefined, name: string): void => {
    const id = macroId(library, from, packageName, name);
    if (id !== undefined) ids.add(id);
  };
  visit(tree, (node) => {
    if (node['kind'] === 'name') add(undefined, String(node['name']));
    if (node['kind'] === 'attribute') addAttribute(node, add);
    if (node['kind'] === 'call') addDispatched(node, library, from, add);
  });
  return [...ids].sort();
}

type Part = Readonly<Record<string, unknown>>;
type Add = (packageName: string | undefined, name: string) => void;

/** The id of a macro in dbt's form; undefined where there is none of the name. */
export function macroId(
  library: MacroLibrary,
  from: string,
  packageName: string | undefined,
  name: string,
): string | undefined {
  const found = library.find(from, packageName, name);
  if (found === undefined) return undefined;
  const order = packageName === undefined ? [from, ...library.packages.keys()] : [packageName];
  const owner = order.find((one) => library.packages.get(one)?.get(name)?.macro === found.macro);
  return `macro.${owner ?? internalPackage}.${name}`;
}

/** `package.macro`. */
function addAttribute(node: Part, add: Add): void {
  const object = partOf(node['object']);
  if (object['kind'] === 'name') add(String(object['name']), String(node['name']));
}

/** `adapter.dispatch('macro', 'package')`: every macro that it may come to. */
function addDispatched(node: Part, library: MacroLibrary, from: string, add: Add): void {
  const callee = partOf(node['callee']);
  if (callee['kind'] !== 'attribute' || callee['name'] !== 'dispatch') return;
  const args = partOf(node['args']);
  const given = Array.isArray(args['positional']) ? args['positional'] : [];
  const name = constant(given[0]);
  if (name === undefined) return;
  for (const packageName of [from, ...library.packages.keys()]) {
    for (const prefix of ['postgres', 'default']) add(packageName, `${prefix}__${name}`);
  }
}

function constant(part: unknown): string | undefined {
  const value = partOf(part)['value'];
  return typeof value === 'string' ? value : undefined;
}

function visit(part: unknown, report: (node: Part) => void): void {
  if (Array.isArray(part)) for (const element of part) visit(element, report);
  if (typeof part !== 'object' || part === null || Array.isArray(part) || part instanceof Set)
    return;
  const node = partOf(part);
  if (node['kind'] === 'literal' || node['kind'] === 'text') return;
  report(node);
  for (const child of Object.values(node)) visit(child, report);
}

function partOf(part: unknown): Part {
  // as: the tree holds nothing but nodes, lists of nodes, names and constants
  return typeof part === 'object' && part !== null ? (part as Part) : {};
}
