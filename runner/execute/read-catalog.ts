// What exists in the database now, in one message for all relations that are asked for.

import { type Client, inTransaction } from '../../core/database.ts';
import { quoteLiteral, quoteQualified } from '../../core/identifiers.ts';
import type { Manifest, RelationName } from '../compile/types.ts';
import type { Catalog, ConstraintState, IndexState, RelationState } from '../plan/types.ts';

/** Reads the state of everything that the manifest builds, with stages and retired relations. */
export async function readCatalog(client: Client, manifest: Manifest): Promise<Catalog> {
  const relations: RelationName[] = [];
  for (const node of manifest.nodes.values()) {
    const built = node.kind === 'test' ? node.stored : 'staged' in node ? node : undefined;
    if (built !== undefined) relations.push(built.relation, built.staged, built.retired);
  }
  return inTransaction(client, () => readRelations(client, relations));
}

/**
 * Reads the state of some relations inside the caller's transaction, whose search_path becomes
 * pg_catalog, so that every name in a definition comes out qualified.
 */
export async function readRelations(
  client: Client,
  relations: readonly RelationName[],
): Promise<Catalog> {
  const list = (part: 'schema' | 'identifier') =>
    `array[${relations.map((relation) => quoteLiteral(relation[part])).join(',')}]::text[]`;
  const message =
    `set local search_path = pg_catalog;\n${schemasQuery};\n` +
    catalogQuery(list('schema'), list('identifier'));
  // Several statements give several results, of which pg's types tell nothing.
  const results = (await client.query(message)) as unknown as readonly {
    readonly rows: readonly Record<string, unknown>[];
  }[];
  const states = (results[2]?.rows ?? []) as unknown as readonly CatalogRow[];
  const schemas = (results[1]?.rows ?? []) as unknown as readonly SchemaRow[];
  return {
    schemas: new Set(schemas.map((row) => row.schema)),
    schemaUsage: new Map(
      schemas.map(({ schema, grantees, can_grant }) => [schema, { grantees, canGrant: can_grant }]),
    ),
    relations: new Map(
      states.map((row) => [quoteQualified(row.schema, row.identifier), stateOf(row)]),
    ),
  };
}

interface SchemaRow {
  readonly schema: string;
  readonly grantees: readonly string[];
  readonly can_grant: boolean;
}

/** As the query returns it: JSON has null where the state has undefined. */
interface CatalogRow {
  readonly schema: string;
  readonly identifier: string;
  readonly state: Omit<
    RelationState,
    'columns' | 'grants' | 'comment' | 'definition' | 'partitionKey' | 'indexes' | 'constraints'
  > & {
    readonly partitionKey: string | null;
    readonly indexes: readonly (Omit<IndexState, 'comment'> & {
      readonly comment: string | null;
    })[];
    readonly constraints: readonly (Omit<ConstraintState, 'comment'> & {
      readonly comment: string | null;
    })[];
    readonly columns: readonly {
      name: string;
      type: string;
      notNull: boolean;
      comment: string | null;
    }[];
    readonly grants: readonly {
      grantee: string;
      privilege: string;
      column: string | null;
      grantable: boolean;
    }[];
    readonly comment: string | null;
    readonly definition: string | null;
  };
}

function stateOf({ state }: CatalogRow): RelationState {
  return {
    ...state,
    columns: state.columns.map((column) => ({ ...column, comment: column.comment ?? undefined })),
    grants: state.grants.map((grant) => ({ ...grant, column: grant.column ?? undefined })),
    comment: state.comment ?? undefined,
    partitionKey: state.partitionKey ?? undefined,
    indexes: state.indexes.map((index) => ({ ...index, comment: index.comment ?? undefined })),
    constraints: state.constraints.map((constraint) => ({
      ...constraint,
      comment: constraint.comment ?? undefined,
    })),
    definition: state.definition ?? undefined,
  };
}

// aclexplode has no row for a schema without an ACL: then only its owner has rights on it.
const schemasQuery = `
select nspname::text as schema,
  array(select distinct case when acl.grantee = 0 then '' else pg_get_userbyid(acl.grantee)::text end
    from aclexplode(nspacl) as acl where acl.privilege_type = 'USAGE'
    union select pg_get_userbyid(nspowner)::text order by 1) as grantees,
  pg_has_role(nspowner, 'USAGE') as can_grant
from pg_namespace`;

function catalogQuery(schemas: string, identifiers: string): string {
  return `
with wanted as (
  select class.*, namespace.nspname
  from unnest(${schemas}, ${identifiers}) as name (schema, identifier)
  join pg_namespace as namespace on namespace.nspname = name.schema
  join pg_class as class
    on class.relnamespace = namespace.oid and class.relname = name.identifier
)
select nspname as schema, relname as identifier, jsonb_build_object(
  'oid', wanted.oid::bigint,
  'kind', ${kindCase('wanted.relkind')},
  'owner', pg_get_userbyid(relowner),
  'comment', obj_description(wanted.oid, 'pg_class'),
  'options', coalesce(to_jsonb(reloptions), '[]') || coalesce((
    select jsonb_agg('toast.' || option) from pg_class as toast, unnest(toast.reloptions) as option
    where toast.oid = wanted.reltoastrelid), '[]'),
  'isPopulated', relispopulated,
  'definition', case when relkind in ('v', 'm') then rtrim(pg_get_viewdef(wanted.oid), ';') end,
  'columns', (${columnsQuery}),
  'indexes', (${indexesQuery}),
  'constraints', (${constraintsQuery}),
  'statistics', (${statisticsQuery}),
  'partitionKey', case when relkind = 'p' then pg_get_partkeydef(wanted.oid) end,
  'partitions', (${partitionsQuery}),
  'grants', (${grantsQuery}),
  'dependents', (${viewsQuery}) || (${materializedViewsQuery}) || (${othersQuery})
) as state
from wanted`;
}

function kindCase(column: string): string {
  return `case ${column} when 'r' then 'table' when 'p' then 'partitioned-table' when 'v' then 'view'
    when 'm' then 'materialized-view' when 'f' then 'foreign-table' else 'other' end`;
}

const columnsQuery = `
  select coalesce(jsonb_agg(jsonb_build_object(
    'name', attname, 'type', format_type(atttypid, atttypmod), 'notNull', attnotnull,
    'comment', col_description(attrelid, attnum)) order by attnum), '[]')
  from pg_attribute
  where attrelid = wanted.oid and attnum > 0 and not attisdropped`;

// An index's definition names the index and the table: what follows both can be said of another table.
const indexesQuery = `
  select coalesce(jsonb_agg(jsonb_build_object(
    'name', index_class.relname, 'unique', indisunique,
    'columns', (
      select coalesce(jsonb_agg(distinct attname), '[]')
      from pg_depend
      join pg_attribute on attrelid = refobjid and attnum = refobjsubid
      where classid = 'pg_class'::regclass and objid = indexrelid
        and refclassid = 'pg_class'::regclass and refobjid = indrelid and refobjsubid > 0),
    'tail', substr(definition, strpos(definition, head) + length(head)),
    'comment', obj_description(indexrelid, 'pg_class')
  ) order by index_class.relname), '[]')
  from pg_index
  join pg_class as index_class on index_class.oid = indexrelid
  cross join lateral (
    select pg_get_indexdef(indexrelid) as definition,
      format(' ON %s%I.%I ', case when wanted.relkind = 'p' then 'ONLY ' else '' end,
        wanted.nspname, wanted.relname) as head
  ) as texts
  where indrelid = wanted.oid and indisvalid
    and not exists (select from pg_constraint where conindid = indexrelid and conrelid = indrelid)`;

const constraintsQuery = `
  select coalesce(jsonb_agg(jsonb_build_object(
    'name', conname,
    'kind', case contype when 'p' then 'primary-key' when 'u' then 'unique' when 'c' then 'check'
      when 'f' then 'foreign-key' else 'exclusion' end,
    'columns', (
      select coalesce(jsonb_agg(attname order by position), '[]')
      from unnest(conkey) with ordinality as key (number, position)
      join pg_attribute on attrelid = conrelid and attnum = key.number),
    'definition', pg_get_constraintdef(pg_constraint.oid), 'isValid', convalidated,
    'comment', obj_description(pg_constraint.oid, 'pg_constraint')
  ) order by conname), '[]')
  from pg_constraint
  where conrelid = wanted.oid and contype in ('p', 'u', 'c', 'f', 'x')`;

// Its columns are those that it depends on, in expressions too.
const statisticsQuery = `
  select coalesce(jsonb_agg(jsonb_build_object(
    'name', stxname,
    'columns', (
      select coalesce(jsonb_agg(distinct attname), '[]')
      from pg_depend
      join pg_attribute on attrelid = refobjid and attnum = refobjsubid
      where classid = 'pg_statistic_ext'::regclass and objid = pg_statistic_ext.oid
        and refclassid = 'pg_class'::regclass and refobjid = stxrelid and refobjsubid > 0),
    'middle', substr(definition, length(head) + 1, length(definition) - length(head) - length(tail))
  ) order by stxname), '[]')
  from pg_statistic_ext
  cross join lateral (
    select pg_get_statisticsobjdef(pg_statistic_ext.oid) as definition,
      format('CREATE STATISTICS %I.%I ', wanted.nspname, stxname) as head,
      format(' FROM %I.%I', wanted.nspname, wanted.relname) as tail
  ) as texts
  where stxrelid = wanted.oid and stxnamespace = wanted.relnamespace`;

const partitionsQuery = `
  select coalesce(jsonb_agg(jsonb_build_object(
    'name', part.relname, 'bound', pg_get_expr(part.relpartbound, part.oid)
  ) order by part.relname), '[]')
  from pg_inherits
  join pg_class as part on part.oid = inhrelid
  where inhparent = wanted.oid and wanted.relkind = 'p'`;

const grantsQuery = `
  select coalesce(jsonb_agg(jsonb_build_object(
    'grantee', case when acl.grantee = 0 then '' else pg_get_userbyid(acl.grantee) end,
    'privilege', lower(acl.privilege_type), 'column', held.column_name,
    'grantable', acl.is_grantable) order by held.column_name nulls first, acl.grantee, acl.privilege_type), '[]')
  from (
    select null::name as column_name, wanted.relacl as rights
    union all
    select attname, attacl from pg_attribute
    where attrelid = wanted.oid and attnum > 0 and not attisdropped
  ) as held
  cross join lateral aclexplode(held.rights) as acl`;

// A view whose owner's rights we lack could not be created again: it counts among the others.
const isReplaceableView = `
  depend.classid = 'pg_rewrite'::regclass and depend.refclassid = 'pg_class'::regclass
  and depend.refobjid = wanted.oid and view.relkind = 'v' and rule.rulename = '_RETURN'
  and view.oid <> wanted.oid and pg_has_role(view.relowner, 'USAGE')`;

const viewsQuery = `
  select coalesce(jsonb_agg(dependent order by oid), '[]')
  from (
    select view.oid, jsonb_build_object(
      'kind', 'view',
      'relation', jsonb_build_object('schema', view_schema.nspname, 'identifier', view.relname),
      'oid', view.oid::bigint,
      'owner', pg_get_userbyid(view.relowner),
      'definition', rtrim(pg_get_viewdef(view.oid), ';'),
      'options', coalesce(to_jsonb(view.reloptions), '[]'),
      'readsColumns', coalesce(
        jsonb_agg(distinct attname) filter (where attname is not null), '[]')
    ) as dependent
    from pg_depend as depend
    join pg_rewrite as rule on rule.oid = depend.objid
    join pg_class as view on view.oid = rule.ev_class
    join pg_namespace as view_schema on view_schema.oid = view.relnamespace
    left join pg_attribute
      on attrelid = wanted.oid and attnum = depend.refobjsubid and attnum > 0
    where ${isReplaceableView}
    group by view.oid, view_schema.nspname, view.relname, view.relowner, view.reloptions
  ) as views`;

// One whose rule reads the relation; one that reads only its row type stands among the others.
const isMaterializedView = `
  depend.classid = 'pg_rewrite'::regclass and depend.refclassid = 'pg_class'::regclass
  and depend.refobjid = wanted.oid and view.relkind = 'm' and view.oid <> wanted.oid`;

const materializedViewsQuery = `
  select coalesce(jsonb_agg(dependent order by oid), '[]')
  from (
    select view.oid, jsonb_build_object(
      'kind', 'materialized-view',
      'relation', jsonb_build_object('schema', view_schema.nspname, 'identifier', view.relname),
      'description', pg_describe_object('pg_class'::regclass, view.oid, 0)
    ) as dependent
    from pg_depend as depend
    join pg_rewrite as rule on rule.oid = depend.objid
    join pg_class as view on view.oid = rule.ev_class
    join pg_namespace as view_schema on view_schema.oid = view.relnamespace
    where ${isMaterializedView}
    group by view.oid, view_schema.nspname, view.relname
  ) as views`;

// An allow-list turned round: whatever hangs on the relation, its row type or its constraints and
// is neither a part of it that is made anew nor a view as above would be lost.
// Its family is the relation itself and its partitions, which are made anew with it.
const othersQuery = `
  with family as (
    select wanted.oid as member
    union select relid::oid from pg_partition_tree(wanted.oid) where wanted.relkind = 'p'
  )
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'kind', 'other', 'description', description, 'column', column_name))
    order by description), '[]')
  from (
    select case when rule.oid is null or view.oid = wanted.oid
      then pg_describe_object(depend.classid, depend.objid, depend.objsubid)
      else pg_describe_object('pg_class'::regclass, view.oid, 0) end as description,
      case when depend.classid = 'pg_attrdef'::regclass or depend.classid = 'pg_class'::regclass
          and (select relkind from pg_class where oid = depend.objid) = 'S'
        then (select attname from pg_attribute
          where attrelid = wanted.oid and attnum = depend.refobjsubid) end as column_name
    from pg_depend as depend
    left join pg_rewrite as rule
      on depend.classid = 'pg_rewrite'::regclass and rule.oid = depend.objid
    left join pg_class as view on view.oid = rule.ev_class
    where (depend.refclassid, depend.refobjid) in (
        select 'pg_class'::regclass::oid, member from family
        union all select 'pg_type'::regclass::oid, reltype from pg_class
          where pg_class.oid in (select member from family) and reltype <> 0
        union all select 'pg_type'::regclass::oid, typarray from pg_type
          where pg_type.typrelid in (select member from family) and typarray <> 0
        union all select 'pg_constraint'::regclass::oid, pg_constraint.oid
          from pg_constraint where conrelid in (select member from family)
        union all select 'pg_class'::regclass::oid, indexrelid
          from pg_index where indrelid in (select member from family))
      and not (depend.classid = 'pg_class'::regclass
        and (depend.objid in (select member from family)
          or depend.objid in (select reltoastrelid from pg_class
            where pg_class.oid in (select member from family))
          or depend.objid in (select indexrelid from pg_index
            where indrelid in (select member from family))))
      and not (depend.classid = 'pg_statistic_ext'::regclass and depend.objid in (
        select pg_statistic_ext.oid from pg_statistic_ext
        where stxrelid = wanted.oid and stxnamespace = wanted.relnamespace))
      and not (depend.classid = 'pg_constraint'::regclass and depend.objid in (
        select pg_constraint.oid from pg_constraint
        where conrelid in (select member from family)
          and confrelid not in (select member from family)))
      and not (depend.classid = 'pg_type'::regclass
        and depend.objid in (select pg_type.oid from pg_type
          where pg_type.typrelid in (select member from family)
          union all select typarray from pg_type
          where pg_type.typrelid in (select member from family)))
      and not (depend.classid = 'pg_trigger'::regclass and exists (
        select from pg_trigger where pg_trigger.oid = depend.objid and tgisinternal))
      and not (rule.oid is not null and view.oid = wanted.oid and rule.rulename = '_RETURN')
      and not coalesce(${isReplaceableView}, false)
      and not coalesce(${isMaterializedView}, false)
    union
    select 'row-level security', null where wanted.relrowsecurity or wanted.relforcerowsecurity
    union
    select 'its place below ' || inhparent::regclass, null from pg_inherits
    where inhrelid = wanted.oid
  ) as others`;
