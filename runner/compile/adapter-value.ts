// `adapter`: what reads is answered, what writes is refused while compiling.

import { bindArguments } from '../../core/template/arguments.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { toText } from '../../core/template/python-text.ts';
import {
  asText,
  type FunctionValue,
  type HostObject,
  ListValue,
  makeFunction,
  TupleValue,
  type Value,
} from '../../core/template/values.ts';
import { writingCalls } from './adapter-writes.ts';
import { columnClass } from './column-value.ts';
import type { Introspection } from './introspection.ts';
import { expectRelation, relationClass } from './relation-value.ts';

/** What `adapter` stands on. */
export interface AdapterParts {
  readonly introspection: Introspection;
  readonly dispatch: (name: string, macroNamespace: string | undefined) => FunctionValue;
}

type Call = (args: readonly Value[], kwargs: ReadonlyMap<string, Value>) => Value;

/** What changes the database, and so waits for the run. */
const WRITES = new Set([
  ...['create_schema', 'drop_schema', 'drop_relation', 'truncate_relation', 'rename_relation'],
  ...[
    'expand_target_column_types',
    'commit',
    'add_query',
    'alter_column_type',
    'clear_transaction',
  ],
  ...['valid_snapshot_target', 'get_incremental_strategy_macro', 'cache_dropped', 'cache_renamed'],
  ...['load_dataframe', 'upload_file', 'grant_access_to', 'drop_materialized_view'],
]);

/** Makes `adapter`. */
export function adapterValue({ introspection, dispatch }: AdapterParts): HostObject {
  const dispatchCall: Call = (args, kwargs) => {
    const names = ['macro_name', 'macro_namespace'];
    const [name, macroNamespace] = bindArguments('adapter.dispatch', names, 1, args, kwargs);
    return dispatch(textArgument('adapter.dispatch', name), asText(macroNamespace ?? null));
  };
  let writing: Readonly<Record<string, Call>> | undefined;
  // Nearly every node dispatches and few do more, so the rest is made when it is asked for.
  let reading: Readonly<Record<string, Call>> | undefined;
  return {
    kind: 'host',
    typeName: 'adapter',
    getAttribute: (name) => {
      if (name === 'dispatch') return makeFunction('adapter.dispatch', dispatchCall);
      reading ??= readingCalls(introspection);
      for (const calls of [reading, plainCalls]) {
        if (Object.hasOwn(calls, name)) return makeFunction(`adapter.${name}`, call(calls, name));
      }
      if (name === 'Relation') return relationClass;
      if (name === 'Column') return columnClass;
      if (name === 'behavior') return behavior;
      if (introspection.mayWrite && introspection.execute) {
        writing ??= writingCalls(introspection);
        if (Object.hasOwn(writing, name))
          return makeFunction(`adapter.${name}`, call(writing, name));
      }
      if (WRITES.has(name)) return refusedCall(name, introspection);
      throw new ValueFault(`\`adapter.${name}\` is not supported`);
    },
    toText: () => {
      throw new ValueFault('`adapter` cannot be printed', 'call one of its methods');
    },
  };
}

function call(calls: Readonly<Record<string, Call>>, name: string): Call {
  return (args, kwargs) => calls[name]?.(args, kwargs) ?? null;
}

function refusedCall(name: string, introspection: Introspection): FunctionValue {
  return makeFunction(`adapter.${name}`, () => {
    if (!introspection.execute) return null;
    throw new ValueFault(
      `\`adapter.${name}\` changes the database, which compiling does not`,
      'do it in a hook or in a model of its own',
    );
  });
}

function readingCalls(introspection: Introspection): Readonly<Record<string, Call>> {
  return {
    get_relation: (args, kwargs) => {
      const names = ['database', 'schema', 'identifier'];
      const [, schema, identifier] = bindArguments('get_relation', names, 3, args, kwargs);
      return introspection.getRelation(
        textArgument('get_relation', schema),
        textArgument('get_relation', identifier),
      );
    },
    load_relation: (args) => {
      const { path } = expectRelation('load_relation', args[0]);
      return introspection.getRelation(path.schema ?? '', path.identifier ?? '');
    },
    get_columns_in_relation: (args, kwargs) => {
      const given = bindArguments('get_columns_in_relation', ['relation'], 1, args, kwargs);
      if (!introspection.execute) return new ListValue();
      const { path } = expectRelation('get_columns_in_relation', given[0]);
      return new ListValue([
        ...introspection.getColumns(path.schema ?? '', path.identifier ?? '').values(),
      ]);
    },
    get_missing_columns: (args, kwargs) => {
      const names = ['from_relation', 'to_relation'];
      const given = bindArguments('get_missing_columns', names, 2, args, kwargs);
      if (!introspection.execute) return new ListValue();
      const [from, to] = given.map((relation) => {
        const { path } = expectRelation('get_missing_columns', relation);
        return introspection.getColumns(path.schema ?? '', path.identifier ?? '');
      });
      return new ListValue(
        [...(from ?? [])].filter(([name]) => !(to?.has(name) ?? false)).map(([, column]) => column),
      );
    },
    get_column_schema_from_query: (args) =>
      introspection.getQueryColumns(textArgument('it', args[0])),
    check_schema_exists: (args, kwargs) => {
      const names = ['database', 'schema'];
      const [, schema] = bindArguments('check_schema_exists', names, 2, args, kwargs);
      return introspection.schemaExists(textArgument('check_schema_exists', schema));
    },
    already_exists: (args, kwargs) => {
      const names = ['schema', 'name'];
      const [schema, name] = bindArguments('already_exists', names, 2, args, kwargs);
      const found = introspection.getRelation(
        textArgument('already_exists', schema),
        textArgument('already_exists', name),
      );
      return found !== null;
    },
    list_relations_without_caching: (args) => {
      const { path } = expectRelation('list_relations_without_caching', args[0]);
      return introspection.listRelations(path.schema ?? '');
    },
    list_relations: (args, kwargs) => {
      const [, schema] = bindArguments('list_relations', ['database', 'schema'], 2, args, kwargs);
      return introspection.listRelations(textArgument('list_relations', schema));
    },
    execute: (args, kwargs) => {
      const names = ['sql', 'auto_begin', 'fetch', 'limit'];
      const [sql, , fetch] = bindArguments('adapter.execute', names, 1, args, kwargs);
      if (!introspection.execute) return new TupleValue([null, introspection.query('')]);
      const table = introspection.query(textArgument('adapter.execute', sql));
      return new TupleValue([
        responseOf(table),
        fetch === true ? table : introspection.emptyTable(),
      ]);
    },
  };
}

function responseOf(table: Value): HostObject {
  const rows =
    typeof table === 'object' && table !== null && table.kind === 'host'
      ? (table.length?.() ?? 0)
      : 0;
  const members = new Map<string, Value>([
    ['code', 'SELECT'],
    ['rows_affected', rows],
    ['_message', `SELECT ${rows}`],
  ]);
  return {
    kind: 'host',
    typeName: 'AdapterResponse',
    getAttribute: (name) => members.get(name),
    toText: () => `SELECT ${rows}`,
  };
}

const plainCalls: Readonly<Record<string, Call>> = {
  type: () => 'postgres',
  quote: (args, kwargs) => {
    const [name] = bindArguments('adapter.quote', ['identifier'], 1, args, kwargs);
    return `"${textArgument('adapter.quote', name)}"`;
  },
  // Every part of a name is quoted on PostgreSQL unless the project says otherwise.
  quote_as_configured: (args, kwargs) => {
    const names = ['identifier', 'quote_key'];
    const [name] = bindArguments('quote_as_configured', names, 2, args, kwargs);
    return `"${textArgument('quote_as_configured', name)}"`;
  },
  quote_seed_column: (args, kwargs) => {
    const names = ['column', 'quote_config'];
    const [column, quote] = bindArguments('quote_seed_column', names, 2, args, kwargs);
    const name = textArgument('quote_seed_column', column);
    return quote === false ? name : `"${name}"`;
  },
  convert_type: () => {
    throw new ValueFault('`adapter.convert_type` is not supported');
  },
  cache_added: () => '',
  parse_index: (args) => args[0] ?? null,
  build_catalog_relation: () => null,
  date_function: () => 'now()',
  is_cancelable: () => true,
};

/** dbt's flags of changed behaviour, all as a project has them that sets none. */
const behavior: HostObject = {
  kind: 'host',
  typeName: 'behavior',
  getAttribute: (flag) => ({
    kind: 'host',
    typeName: 'flag',
    getAttribute: (name) => (name === 'no_warn' || name === 'setting' ? false : undefined),
    isTrue: () => false,
    toText: () => `${flag} off`,
  }),
  toText: () => {
    throw new ValueFault('`adapter.behavior` cannot be printed');
  },
};

function textArgument(callee: string, value: Value | undefined): string {
  const text = asText(value ?? null);
  if (text !== undefined) return text;
  const found = value === null || value === undefined ? 'none' : toText(value);
  throw new ValueFault(`\`${callee}\` takes text, not \`${found}\``);
}
