// What `adapter` does to the database, in hooks and materializations: never by cascade, so that nothing is lost
// that nobody named.

import { quoteIdentifier } from '../../core/identifiers.ts';
import { bindArguments } from '../../core/template/arguments.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { toText } from '../../core/template/python-text.ts';
import type { Value } from '../../core/template/values.ts';
import type { Introspection } from './introspection.ts';
import { expectRelation, type RelationParts } from './relation-value.ts';

type Call = (args: readonly Value[], kwargs: ReadonlyMap<string, Value>) => Value;

/** Makes the calls that write; each is one statement that is carried out once. */
export function writingCalls(introspection: Introspection): Readonly<Record<string, Call>> {
  const send = (sql: string): string => {
    introspection.query(sql);
    return '';
  };
  const relations = (
    callee: string,
    names: readonly string[],
    args: readonly Value[],
    kwargs: ReadonlyMap<string, Value>,
  ): readonly RelationParts[] =>
    bindArguments(callee, [...names], names.length, args, kwargs).map((value) =>
      expectRelation(callee, value),
    );
  const one = (callee: string, does: (relation: RelationParts) => string): Call => {
    return (args, kwargs) => {
      const [relation] = relations(callee, ['relation'], args, kwargs);
      return relation === undefined ? '' : send(does(relation));
    };
  };
  return {
    create_schema: one('create_schema', ({ path }) => {
      return `create schema if not exists ${quoteIdentifier(path.schema ?? '')}`;
    }),
    drop_schema: one('drop_schema', ({ path }) => {
      return `drop schema if exists ${quoteIdentifier(path.schema ?? '')}`;
    }),
    drop_relation: one('drop_relation', (relation) => {
      return `drop ${word(relation)} if exists ${nameOf(relation)}`;
    }),
    truncate_relation: one('truncate_relation', (relation) => `truncate ${nameOf(relation)}`),
    rename_relation: (args, kwargs) => {
      const names = ['from_relation', 'to_relation'];
      const [from, to] = relations('rename_relation', names, args, kwargs);
      if (from === undefined || to === undefined) return '';
      const identifier = quoteIdentifier(to.path.identifier ?? '');
      return send(`alter ${word(from)} ${nameOf(from)} rename to ${identifier}`);
    },
    alter_column_type: (args, kwargs) => {
      const names = ['relation', 'column_name', 'new_column_type'];
      const [relation, column, type] = bindArguments('alter_column_type', names, 3, args, kwargs);
      const table = nameOf(expectRelation('alter_column_type', relation));
      const quoted = quoteIdentifier(toText(column ?? null));
      return send(`alter table ${table} alter column ${quoted} type ${toText(type ?? null)}`);
    },
    expand_target_column_types: (args, kwargs) => {
      const names = ['from_relation', 'to_relation'];
      const [from, to] = relations('expand_target_column_types', names, args, kwargs);
      if (from === undefined || to === undefined) return '';
      widen(introspection, from, to);
      return '';
    },
    add_query: (args) => send(toText(args[0] ?? null)),
    // The whole materialization is one transaction, which ends once its tests have passed.
    commit: () => '',
    clear_transaction: () => '',
    cache_dropped: () => '',
    cache_renamed: () => '',
  };
}

/** A text column grows to the length of the one whose rows it takes in. */
function widen(introspection: Introspection, from: RelationParts, to: RelationParts): void {
  const columnsOf = ({ path }: RelationParts) =>
    introspection.getColumns(path.schema ?? '', path.identifier ?? '');
  const target = columnsOf(to);
  for (const [name, column] of columnsOf(from)) {
    const size = column.getAttribute('char_size');
    const known = target.get(name)?.getAttribute('char_size');
    if (typeof size !== 'number' || typeof known !== 'number' || size <= known) continue;
    introspection.query(
      `alter table ${nameOf(to)} alter column ${quoteIdentifier(name)} type character varying(${size})`,
    );
  }
}

function nameOf({ path }: RelationParts): string {
  const { schema, identifier } = path;
  if (!identifier) throw new ValueFault('the relation has no name');
  return schema
    ? `${quoteIdentifier(schema)}.${quoteIdentifier(identifier)}`
    : quoteIdentifier(identifier);
}

function word({ type, path }: RelationParts): string {
  if (type === null) {
    throw new ValueFault(
      `it is not known whether \`${path.identifier ?? ''}\` is a table or a view`,
      'give the relation its type: relation.incorporate(type="table")',
    );
  }
  return type === 'materialized_view' ? 'materialized view' : type;
}
