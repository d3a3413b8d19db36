// `config`: called to set, and asked by `get` and `require`.

import { bindArguments } from '../../core/template/arguments.ts';
import { callValue } from '../../core/template/call.ts';
import { DictValue } from '../../core/template/dict.ts';
import { ValueFault } from '../../core/template/errors.ts';
import {
  asText,
  type CallSite,
  type HostObject,
  makeFunction,
  orElse,
  type Value,
} from '../../core/template/values.ts';
import type { NodeHandlers } from './context.ts';

/** Makes `config`; while nothing is executed its reading methods give empty text, as dbt's do. */
export function configValue(handlers: NodeHandlers, execute: boolean): HostObject {
  const methods = configMethods(handlers, execute);
  return {
    kind: 'host',
    typeName: 'config',
    getAttribute: (name) => (Object.hasOwn(methods, name) ? methods[name] : undefined),
    toText: () => {
      throw new ValueFault('`config` is to be called', 'write config(materialized=…)');
    },
    call: (args, kwargs, site) => {
      const given = new Map(kwargs);
      for (const arg of args) {
        if (!(arg instanceof DictValue)) {
          throw new ValueFault(
            '`config` takes named options',
            "write config(materialized='table')",
          );
        }
        for (const [key, value] of arg.entries()) given.set(asText(key) ?? '', value);
      }
      handlers.config(given, site);
      return '';
    },
  };
}

function configMethods(handlers: NodeHandlers, execute: boolean): Readonly<Record<string, Value>> {
  const read = (
    callee: string,
    lookup: (name: string) => Value | undefined,
    isRequired: boolean,
  ): Value =>
    makeFunction(callee, (args, kwargs, site) => {
      const names = isRequired ? ['name', 'validator'] : ['name', 'default', 'validator'];
      const given = bindArguments(callee, names, 1, args, kwargs);
      if (!execute) return '';
      const name = asText(given[0] ?? null);
      if (name === undefined) throw new ValueFault(`\`${callee}\` takes a name, as text`);
      const value = orElse(lookup(name), isRequired ? undefined : (given[1] ?? null));
      if (value === undefined)
        throw new ValueFault(`config \`${name}\` is required here and not set`);
      validate(given.at(names.length - 1), value, site);
      return value;
    });
  const meta = (name: string): Value | undefined => {
    const all = handlers.readConfig('meta');
    return all instanceof DictValue ? all.get(name) : undefined;
  };
  const persists = (part: string): Value =>
    makeFunction(`config.persist_${part}_docs`, () => {
      const docs = execute ? handlers.readConfig('persist_docs') : undefined;
      return docs instanceof DictValue
        ? (docs.get(part === 'column' ? 'columns' : part) ?? false)
        : false;
    });
  return {
    get: read('config.get', (name) => handlers.readConfig(name), false),
    require: read('config.require', (name) => handlers.readConfig(name), true),
    meta_get: read('config.meta_get', meta, false),
    meta_require: read('config.meta_require', meta, true),
    set: makeFunction('config.set', (args, _kwargs, site) => {
      const name = asText(args[0] ?? null);
      if (name === undefined || args[1] === undefined) {
        throw new ValueFault('`config.set` takes a name and a value');
      }
      handlers.config(new Map([[name, args[1]]]), site);
      return '';
    }),
    persist_relation_docs: persists('relation'),
    persist_column_docs: persists('column'),
  };
}

function validate(validator: Value | undefined, value: Value, site: CallSite): void {
  if (validator !== undefined && validator !== null) callValue(validator, [value], new Map(), site);
}
