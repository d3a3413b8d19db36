// Every macro of the project and of the runner, global by name and by package.

import { UserError } from '../../core/errors.ts';
import type { MacroDefinition } from '../../core/template/call.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { splitMacroFile } from '../../core/template/macro-file.ts';
import { macroValue } from '../../core/template/render.ts';
import type { HostObject, Value } from '../../core/template/values.ts';
import type { MacroFile } from '../project/types.ts';
import { collectFaults } from './collect-faults.ts';

/** Macros as templates and the compiler find them. */
export interface MacroLibrary {
  /** By global name, the project's own before the runner's; packages as namespaces by theirs. */
  readonly globals: ReadonlyMap<string, Value>;
  readonly definitions: ReadonlyMap<string, MacroDefinition>;
}

/** Loads macro files; a name defined twice in one package is a fault. */
export function loadMacros(
  files: readonly MacroFile[],
  projectName: string,
  faults: UserError[],
): MacroLibrary {
  const packages = new Map<string, Map<string, MacroDefinition>>();
  for (const file of files) {
    const own = packages.get(file.packageName) ?? new Map<string, MacroDefinition>();
    packages.set(file.packageName, own);
    for (const definition of collectFaults(faults, () => splitMacroFile(file)).flat()) {
      const first = own.get(definition.macro.name);
      if (first) faults.push(twiceFault(definition, first));
      own.set(definition.macro.name, definition);
    }
  }
  const definitions = new Map<string, MacroDefinition>();
  // The project comes last: a macro of its own takes the place of the runner's.
  const names = [...packages.keys()].sort(
    (a, b) => Number(a === projectName) - Number(b === projectName),
  );
  for (const name of names) {
    for (const [macro, definition] of packages.get(name) ?? []) definitions.set(macro, definition);
  }
  const globals = new Map<string, Value>();
  for (const [name, own] of packages) globals.set(name, packageNamespace(name, own));
  for (const [name, definition] of definitions) globals.set(name, macroValue(definition));
  return { globals, definitions };
}

function twiceFault(second: MacroDefinition, first: MacroDefinition): UserError {
  return new UserError(`macro \`${second.macro.name}\` is defined twice`, {
    where: { path: second.path, line: second.macro.line, column: second.macro.column },
    hint: `the other one is at ${first.path}:${first.macro.line}; rename one of them`,
  });
}

function packageNamespace(name: string, own: ReadonlyMap<string, MacroDefinition>): HostObject {
  const values = new Map([...own].map(([macro, definition]) => [macro, macroValue(definition)]));
  return {
    kind: 'host',
    typeName: 'package',
    getAttribute: (macro) => {
      const value = values.get(macro);
      if (value === undefined)
        throw new ValueFault(`package \`${name}\` has no macro \`${macro}\``);
      return value;
    },
    toText: () => {
      throw new ValueFault(`\`${name}\` is a package`, `call one of its macros: ${name}.macro()`);
    },
  };
}
