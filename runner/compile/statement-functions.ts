// `statement`, `run_query` and the results they leave: all of them read, none of them writes.

import { bindArguments } from '../../core/template/arguments.ts';
import { callValue } from '../../core/template/call.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { toText } from '../../core/template/python-text.ts';
import { elementsOf, isHost } from '../../core/template/sequence.ts';
import {
  asText,
  type FunctionValue,
  type HostObject,
  ListValue,
  makeFunction,
  TupleValue,
  type Value,
} from '../../core/template/values.ts';
import type { Introspection } from './introspection.ts';
import { nothing } from './table-value.ts';

/** Makes the functions for one render. */
export function statementFunctions(introspection: Introspection): readonly FunctionValue[] {
  const results = new Map<string, Value>();
  const store = (name: Value | undefined, response: Value, table: Value): Value => {
    const key = asText(name ?? null);
    if (key !== undefined) results.set(key, resultValue(response, table));
    return '';
  };
  return [
    makeFunction('run_query', (args, kwargs) => {
      const [sql] = bindArguments('run_query', ['sql'], 1, args, kwargs);
      return introspection.query(toText(sql ?? null));
    }),
    makeFunction('statement', (args, kwargs, site) => {
      const caller = kwargs.get('caller');
      const rest = new Map([...kwargs].filter(([name]) => name !== 'caller'));
      const names = ['name', 'fetch_result', 'auto_begin', 'language'];
      const [name, fetch, , language] = bindArguments('statement', names, 0, args, rest);
      if (!introspection.execute) return '';
      if (caller === undefined) {
        throw new ValueFault('`statement` stands in a call block', '{% call statement(…) %}');
      }
      if (language !== undefined && language !== 'sql') {
        throw new ValueFault('`statement` runs SQL only');
      }
      const table = introspection.query(toText(callValue(caller, [], new Map(), site)));
      return store(name, null, fetch === true ? table : introspection.emptyTable());
    }),
    makeFunction('load_result', (args, kwargs) => {
      const [name] = bindArguments('load_result', ['name'], 1, args, kwargs);
      const found = results.get(asText(name ?? null) ?? '');
      if (found !== undefined) return found;
      return introspection.execute ? null : nothing;
    }),
    makeFunction('store_result', (args, kwargs) => {
      const names = ['name', 'response', 'agate_table'];
      const [name, response, table] = bindArguments('store_result', names, 2, args, kwargs);
      return store(name, response ?? null, table ?? introspection.emptyTable());
    }),
    makeFunction('store_raw_result', (args, kwargs) => {
      const names = ['name', 'message', 'code', 'rows_affected', 'agate_table'];
      const [name, message, , , table] = bindArguments('store_raw_result', names, 1, args, kwargs);
      return store(name, message ?? null, table ?? introspection.emptyTable());
    }),
  ];
}

function resultValue(response: Value, table: Value): HostObject {
  const members = new Map<string, Value>([
    ['table', table],
    ['response', response],
    [
      'data',
      new ListValue(
        isHost(table) ? elementsOf(table).map((row) => new TupleValue(elementsOf(row))) : [],
      ),
    ],
  ]);
  return {
    kind: 'host',
    typeName: 'AttrDict',
    isMapping: true,
    getAttribute: (name) => members.get(name),
    getItem: (name) => members.get(asText(name) ?? ''),
    toText: () => {
      throw new ValueFault('the result of a statement cannot be printed', 'read its `table`');
    },
  };
}
