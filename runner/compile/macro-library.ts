// Every macro of the project, its packages and the runner, found by name in dbt's order.

import { UserError } from '../../core/errors.ts';
import type { ParseCache } from '../../core/parse-cache.ts';
import type { MacroDefinition } from '../../core/template/call.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { splitMacroFile } from '../../core/template/macro-file.ts';
import { macroValue } from '../../core/template/render.ts';
import type { RenderScope } from '../../core/template/state.ts';
import { materializationMacroName } from '../../core/template/statement-parser.ts';
import {
  type FunctionValue,
  type HostObject,
  orElse,
  UndefinedValue,
  type Value,
} from '../../core/template/values.ts';
import type { MacroFile } from '../project/types.ts';
import { collectFaults } from './collect-faults.ts';

/** Package name of the macros that come with the runner. */
export const internalPackage = 'dbt';

/** Macros as templates and the compiler find them. */
export interface MacroLibrary {
  /** What nodes of the project see by name: its own macros, packages as namespaces, the runner's. */
  readonly globals: ReadonlyMap<string, Value>;
  /** The namespace `dbt`: the macros that come with the runner. */
  readonly internal: HostObject;
  /** Every macro, by package and name. */
  readonly packages: ReadonlyMap<string, ReadonlyMap<string, MacroDefinition>>;
  /** The macros among `globals`. */
  readonly definitions: ReadonlyMap<string, MacroDefinition>;
  /** What nodes of a package see: its own macros before those of the project. */
  visibleFrom(packageName: string): ReadonlyMap<string, Value>;
  /** The macro that `name`, or `package.name`, is for a node of a package. */
  find(from: string, packageName: string | undefined, name: string): MacroDefinition | undefined;
  /** The macro that decides names for the nodes of a package, such as `generate_schema_name`. */
  findNaming(from: string, name: string): MacroDefinition | undefined;
  /** The project's or a package's own materialization of that name; undefined where none has it. */
  findMaterialization(from: string, name: string): MacroDefinition | undefined;
  /** dbt's `adapter.dispatch`. @throws {ValueFault} where nothing is found */
  dispatch(from: string, name: string, macroNamespace: string | undefined): FunctionValue;
}

/** What decides which macro a name means. */
export interface MacroOrder {
  readonly projectName: string;
  /** The `dispatch:` of dbt_project.yml: packages to search, by macro namespace. */
  readonly dispatch?: Readonly<Record<string, readonly string[]>> | undefined;
}

interface LoadedMacro {
  readonly definition: MacroDefinition;
  readonly value: FunctionValue;
}
type Package = ReadonlyMap<string, LoadedMacro>;

/** Loads macro files; a name defined twice in one package is a fault. */
export function loadMacros(
  files: readonly MacroFile[],
  order: MacroOrder,
  faults: UserError[],
  parseCache?: ParseCache,
): MacroLibrary {
  const packages = loadPackages(files, order.projectName, faults, parseCache);
  const none: Package = new Map();
  const own = packages.get(order.projectName) ?? none;
  const internal = packages.get(internalPackage) ?? none;
  const namespaces = new Map(
    [...packages].map(([name, macros]) => [name, namespace(name, macros)]),
  );
  const visible = new Map<string, ReadonlyMap<string, Value>>();
  const visibleFrom = (from: string): ReadonlyMap<string, Value> => {
    const known = visible.get(from);
    if (known !== undefined) return known;
    const names = new Map<string, Value>();
    const add = (macros: Package): void => {
      for (const [name, { value }] of macros) names.set(name, value);
    };
    // From the weakest to the strongest.
    add(internal);
    for (const [name, value] of namespaces) if (name !== internalPackage) names.set(name, value);
    add(own);
    if (from !== internalPackage) add(packages.get(from) ?? none);
    visible.set(from, names);
    return names;
  };
  const find = (from: string, packageName: string | undefined, name: string) => {
    if (packageName !== undefined) return packages.get(packageName)?.get(name);
    return packages.get(from)?.get(name) ?? own.get(name) ?? internal.get(name);
  };
  return {
    globals: visibleFrom(order.projectName),
    internal: namespaces.get(internalPackage) ?? namespace(internalPackage, none),
    packages: new Map([...packages].map(([name, macros]) => [name, definitionsOf([...macros])])),
    definitions: definitionsOf([...internal, ...own]),
    visibleFrom,
    find: (from, packageName, name) => find(from, packageName, name)?.definition,
    findNaming: (from, name) => find(from, undefined, name)?.definition,
    findMaterialization: (from, name) => {
      const names = ['postgres', 'default'].map((one) => materializationMacroName(name, one));
      const places = [own, packages.get(from) ?? none, ...packages.values()];
      // The project's own word comes first, and then what is written for PostgreSQL.
      for (const macros of places) {
        for (const macro of names) {
          const found = macros.get(macro);
          if (found !== undefined) return found.definition;
        }
      }
      return undefined;
    },
    dispatch: (from, name, macroNamespace) => {
      if (name.includes('.')) {
        const [first, ...rest] = name.split('.');
        throw new ValueFault(
          `\`${name}\` is no name of a macro`,
          `write adapter.dispatch('${rest.join('.')}', '${first}')`,
        );
      }
      const searched = searchedPackages(order, packages, macroNamespace);
      const attempts = searched.flatMap((packageName) =>
        ['postgres', 'default'].map((prefix) => ({ packageName, name: `${prefix}__${name}` })),
      );
      for (const tried of attempts) {
        const found = find(from, tried.packageName, tried.name);
        if (found !== undefined) return found.value;
      }
      const tried = attempts.map((one) => [one.packageName, one.name].filter(Boolean).join('.'));
      throw new ValueFault(
        `\`adapter.dispatch\` finds no macro \`${name}\``,
        `it looked for ${tried.join(', ')}`,
      );
    },
  };
}

/** The packages where a dispatched macro is looked for; undefined for all that the node sees. */
function searchedPackages(
  order: MacroOrder,
  packages: ReadonlyMap<string, Package>,
  macroNamespace: string | undefined,
): readonly (string | undefined)[] {
  if (macroNamespace === undefined) return [undefined];
  const configured =
    order.dispatch !== undefined && Object.hasOwn(order.dispatch, macroNamespace)
      ? order.dispatch[macroNamespace]
      : undefined;
  if (configured !== undefined && configured.length > 0) return configured;
  return packages.has(macroNamespace) ? [order.projectName, macroNamespace] : [undefined];
}

function loadPackages(
  files: readonly MacroFile[],
  projectName: string,
  faults: UserError[],
  parseCache: ParseCache | undefined,
): ReadonlyMap<string, Package> {
  const packages = new Map<string, Map<string, LoadedMacro>>();
  for (const file of files) {
    const macros = packages.get(file.packageName) ?? new Map<string, LoadedMacro>();
    packages.set(file.packageName, macros);
    // Every name of the project and of the runner is global; only a package's needs its own scope.
    const isGlobal = file.packageName === projectName || file.packageName === internalPackage;
    for (const parsed of collectFaults(faults, () => splitMacroFile(file, parseCache)).flat()) {
      const first = macros.get(parsed.macro.name);
      if (first) faults.push(twiceFault(parsed, first.definition));
      const definition = isGlobal ? parsed : { ...parsed, scopeOf: packageScope(macros) };
      macros.set(parsed.macro.name, { definition, value: macroValue(definition) });
    }
  }
  return packages;
}

/** The scope of a macro of a package; `caller` is that of the node beneath all macros. */
interface PackageScope extends RenderScope {
  readonly caller: RenderScope;
}

/**
 * In dbt a macro sees what the node sees for which it runs. Here it also sees the other macros of its
 * own package, but after those, so that what works in dbt means the same.
 */
function packageScope(own: Package): (caller: RenderScope) => RenderScope {
  const scopes = new WeakMap<RenderScope, PackageScope>();
  return (given) => {
    const caller = isPackageScope(given) ? given.caller : given;
    const known = scopes.get(caller);
    if (known !== undefined) return known;
    const scope: PackageScope = {
      caller,
      lookup: (name) => orElse(caller.lookup(name), own.get(name)?.value),
      names: () => new Set([...caller.names(), ...own.keys()]),
    };
    scopes.set(caller, scope);
    return scope;
  };
}

function isPackageScope(scope: RenderScope): scope is PackageScope {
  return 'caller' in scope;
}

function definitionsOf(
  macros: readonly (readonly [string, LoadedMacro])[],
): ReadonlyMap<string, MacroDefinition> {
  return new Map(macros.map(([name, { definition }]) => [name, definition]));
}

function twiceFault(second: MacroDefinition, first: MacroDefinition): UserError {
  return new UserError(`macro \`${second.macro.name}\` is defined twice`, {
    where: { path: second.path, line: second.macro.line, column: second.macro.column },
    hint: `the other one is at ${first.path}:${first.macro.line}; rename one of them`,
  });
}

/** The namespace `dbt` with more functions, which are macros in dbt and none here. */
export function withFunctions(dbt: HostObject, functions: ReadonlyMap<string, Value>): HostObject {
  return { ...dbt, getAttribute: (name) => functions.get(name) ?? dbt.getAttribute(name) };
}

function namespace(name: string, macros: Package): HostObject {
  return {
    kind: 'host',
    typeName: 'package',
    getAttribute: (macro) => {
      const missing = `package \`${name}\` has no macro \`${macro}\``;
      return macros.get(macro)?.value ?? new UndefinedValue(missing);
    },
    contains: (macro) => typeof macro === 'string' && macros.has(macro),
    toText: () => {
      throw new ValueFault(`\`${name}\` is a package`, `call one of its macros: ${name}.macro()`);
    },
  };
}
