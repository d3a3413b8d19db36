// How a stage is made and filled: in one statement, or empty first and then filled.

import { quoteIdentifier } from '../../core/identifiers.ts';
import type { Contract, HookConfig, PhysicalDesign } from '../compile/design.ts';
import type { Buildable, Model, Seed } from '../compile/types.ts';
import { optionsOf } from './indexes.ts';
import { boundsQuery, declaredPartitions, partitionClause } from './partitions.ts';
import { plainDesign } from './plain-design.ts';
import { annotate, dropWord, kindOfStep, quoteRelation, withOptions } from './statements.ts';
import type { BuildStep, PublishedStep, RelationState, SeedLoad, Statement } from './types.ts';

/** Everything of a model's stage up to its rows, with the hooks that come before them. */
export function stageStatements(
  model: Model,
  step: PublishedStep,
  current: RelationState | undefined,
): readonly Statement[] {
  // Late, its SQL is yet to be made: the statements are planned again once it is.
  if (model.isLate) return [];
  const design = model.design ?? plainDesign;
  return withPreHooks(model, [
    ...(design.contract === undefined ? [] : [checkContract(model, design.contract)]),
    ...headerStatements(design),
    ...(kindOfStep(step) === 'table'
      ? tableStatements(model, step, current)
      : [createView(model, step, current)]),
  ]);
}

/** The rows to merge into a published table, with all that comes before them. */
export function deltaStatements(model: Model): readonly Statement[] {
  if (model.isLate) return [];
  const design = model.design ?? plainDesign;
  const staged = quoteRelation(model.staged);
  // Unlogged, since a crash drops it anyway.
  const head = `create unlogged table ${staged} as\n`;
  const { partitioning } = design;
  const [{ compiledSql: first } = model, ...more] = model.batches?.list ?? [];
  return withPreHooks(model, [
    ...(design.contract === undefined ? [] : [checkContract(model, design.contract)]),
    ...headerStatements(design),
    { ...annotate(model.uniqueId, { head, body: first }), purpose: 'stage the rows to merge' },
    ...more.map(({ start, compiledSql }) => ({
      ...annotate(model.uniqueId, { head: `insert into ${staged}\n`, body: compiledSql }),
      purpose: `batch from ${start}`,
    })),
    { sql: `analyze ${staged}`, purpose: 'statistics of the staged rows' },
    ...(partitioning === undefined || partitioning.partitions !== undefined
      ? []
      : [
          {
            sql: boundsQuery(partitioning, staged),
            purpose: 'partitions',
            partitioning,
            partitionsOf: 'published' as const,
          },
        ]),
  ]);
}

/** The hooks before a seed; the transaction that they open is the loader's to commit. */
export function seedStage(seed: Seed): readonly Statement[] {
  return withPreHooks(seed, [], 'open');
}

/** What `create table` says of a seed beyond its columns. */
export function seedOptions(
  step: PublishedStep,
  current: RelationState | undefined,
): Pick<SeedLoad, 'isUnlogged' | 'tableOptions'> {
  const design = step.finishing.design ?? plainDesign;
  return {
    isUnlogged: design.isUnlogged,
    tableOptions: storageClause(design, tableOptions(current)),
  };
}

/** The hooks after the rows: those in the publishing transaction, and those once it is committed. */
export function postHooksOf(step: PublishedStep): Pick<BuildStep, 'postHooks'> {
  const { postHooks } = step.finishing.design ?? plainDesign;
  if (postHooks.length === 0) return {};
  const all = hookStatements(postHooks, 'post-hook', 'published');
  return {
    postHooks: {
      inside: all.filter((_, index) => postHooks[index]?.transaction === true),
      outside: all.filter((_, index) => postHooks[index]?.transaction !== true),
    },
  };
}

/** Turns the hooks of a node into statements, in order. */
export function hookStatements(
  hooks: readonly HookConfig[],
  kind: 'pre-hook' | 'post-hook' | 'after_create',
  on: 'published' | 'staged',
): readonly Statement[] {
  return hooks.map(({ sql }, index) => ({
    sql,
    purpose: kind,
    hook: { on, label: hooks.length === 1 ? kind : `${kind} ${index + 1}` },
  }));
}

/**
 * Hooks outside the transaction come first. Those inside share one with the making of the stage, so
 * that `set local` holds for it and nothing of them stays where it fails.
 */
export function withPreHooks(
  node: Pick<Buildable, 'design'>,
  statements: readonly Statement[],
  end: 'with-commit' | 'open' = 'with-commit',
): readonly Statement[] {
  const { preHooks, sqlHeader } = node.design ?? plainDesign;
  const outside = preHooks.filter(({ transaction }) => !transaction);
  const inside = preHooks.filter(({ transaction }) => transaction);
  const isInTransaction = inside.length > 0 || sqlHeader !== undefined;
  return [
    ...hookStatements(outside, 'pre-hook', 'published'),
    ...(isInTransaction ? [{ sql: 'begin', purpose: 'one transaction with the hooks' }] : []),
    ...hookStatements(inside, 'pre-hook', 'published'),
    ...statements,
    ...(isInTransaction && end === 'with-commit' ? [{ sql: 'commit', purpose: 'keep it' }] : []),
  ];
}

function headerStatements({ sqlHeader }: PhysicalDesign): readonly Statement[] {
  return sqlHeader === undefined ? [] : [{ sql: sqlHeader, purpose: 'sql_header' }];
}

function createView(
  model: Model,
  step: PublishedStep,
  current: RelationState | undefined,
): Statement {
  const kind = kindOfStep(step);
  const isStored = kind === 'materialized-view';
  const kept = current?.kind === kind ? current.options : [];
  const options = isStored ? storageClause(model.design ?? plainDesign, kept) : withOptions(kept);
  const head = `create ${dropWord(kind)} ${quoteRelation(model.staged)}${options} as\n`;
  // A materialized view stays empty until its definition is compared with the one there is.
  const tail = isStored ? '\nwith no data' : '';
  return {
    ...annotate(model.uniqueId, { head, body: model.compiledSql, tail }),
    purpose: `build ${dropWord(kind)} aside`,
  };
}

/** Puts a statement around a model's query; rows that a delete marker names are none of a whole table. */
function around(
  model: Model,
  parts: { readonly head: string; readonly tail?: string },
  body: string = model.batches?.list[0]?.compiledSql ?? model.compiledSql,
): Pick<Statement, 'sql' | 'bodyOffset'> {
  const marker = model.incremental?.deleteMarker;
  const { head, tail = '' } = parts;
  if (marker === undefined) return annotate(model.uniqueId, { head, body, tail });
  return annotate(model.uniqueId, {
    head: `${head}select * from (\n`,
    body,
    tail: `\n) as whole where ${quoteIdentifier(marker)} is not true${tail}`,
  });
}

/** Of a microbatch model each batch but the first is one more statement. */
function moreBatches(
  model: Model,
  parts: { readonly head: string; readonly tail?: string },
): readonly Statement[] {
  return (model.batches?.list ?? []).slice(1).map((batch) => ({
    ...around(model, parts, batch.compiledSql),
    purpose: `batch from ${batch.start}`,
  }));
}

const fillTable = 'pg_temp.fundlens_fill';

function tableStatements(
  model: Model,
  step: PublishedStep,
  current: RelationState | undefined,
): readonly Statement[] {
  const design = model.design ?? plainDesign;
  if (design.partitioning !== undefined) return partitioned(model, step);
  const staged = quoteRelation(model.staged);
  const unlogged = design.isUnlogged ? 'unlogged ' : '';
  const settings = columnSettings(step, design);
  const create = `create ${unlogged}table ${staged}`;
  const storage = storageClause(design, tableOptions(current));
  if (design.contract !== undefined) {
    const sql = `${create} (${contractColumns(design.contract)})${storage}`;
    return [
      { sql, purpose: 'build table aside, as its contract has it' },
      ...settings,
      ...insertContracted(model, design.contract),
    ];
  }
  const isOneStatement = design.fill === 'create_as' && settings.length === 0;
  const tail = isOneStatement ? '' : '\nwith no data';
  const made: Statement = {
    ...around(model, { head: `${create}${storage} as\n`, tail }),
    purpose: isOneStatement ? 'build table aside' : 'make the table aside, empty',
  };
  const insert = { head: `insert into ${staged}\n` };
  const rest = moreBatches(model, insert);
  if (isOneStatement) return [made, ...rest];
  return [made, ...settings, { ...around(model, insert), purpose: 'fill it' }, ...rest];
}

/** What must be there before rows: how columns are stored, and what hooks do with the empty table. */
function columnSettings(step: PublishedStep, design: PhysicalDesign): readonly Statement[] {
  const table = quoteRelation(step.staged);
  const set = (column: string, what: string): Statement => ({
    sql: `alter table ${table} alter column ${quoteIdentifier(column)} set ${what}`,
    purpose: `how column ${column} is stored`,
  });
  return [
    ...Object.entries(design.columnStorage).map(([column, how]) => set(column, `storage ${how}`)),
    ...Object.entries(design.columnCompression).map(([column, how]) =>
      set(column, `compression ${how}`),
    ),
    ...hookStatements(design.afterCreate, 'after_create', 'staged'),
  ];
}

/**
 * Rows wait in a temporary table while the partitions that they ask for are made; where the config
 * names the partitions they go there directly, and that table only tells their columns.
 */
function partitioned(model: Model, step: PublishedStep): readonly Statement[] {
  const { contract, partitioning, tablespace, ...design } = model.design ?? plainDesign;
  if (partitioning === undefined) return [];
  const staged = quoteRelation(model.staged);
  const isDeclared = partitioning.partitions !== undefined;
  const columns = contract === undefined ? `like ${fillTable}` : contractColumns(contract);
  const space = tablespace === undefined ? '' : ` tablespace ${quoteIdentifier(tablespace)}`;
  const list = contract?.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const fromFill = `insert into ${staged}${list ? ` (${list})` : ''}\nselect ${list ?? '*'} from ${fillTable}`;
  const query = around(model, {
    head: 'create temporary table fundlens_fill as\n',
    tail: isDeclared ? '\nwith no data' : '',
  });
  const insert = { head: `insert into ${staged}\n` };
  const direct =
    contract === undefined
      ? [{ ...around(model, insert), purpose: 'fill it' }, ...moreBatches(model, insert)]
      : insertContracted(model, contract);
  return [
    {
      ...query,
      purpose: isDeclared ? 'learn its columns' : 'keep the rows until they have a place',
    },
    ...(isDeclared ? [] : moreBatches(model, { head: `insert into ${fillTable}\n` })),
    {
      sql: `create table ${staged} (${columns})${partitionClause(partitioning)}${space}`,
      purpose: 'make the partitioned table aside',
    },
    ...(isDeclared
      ? declaredPartitions(step, partitioning)
      : [{ sql: boundsQuery(partitioning, fillTable), purpose: 'partitions', partitioning }]),
    ...columnSettings(step, { ...design, contract, partitioning, tablespace }),
    ...(isDeclared ? direct : [{ sql: fromFill, purpose: 'fill it' }]),
    { sql: `drop table ${fillTable}`, purpose: 'drop what the rows waited in' },
  ];
}

function tableOptions(current: RelationState | undefined): readonly string[] {
  return current?.kind === 'table' ? current.options : [];
}

/** Storage parameters of the config, else those of the relation before; then the tablespace. */
function storageClause(design: PhysicalDesign, kept: readonly string[]): string {
  const options =
    design.storageParameters === undefined ? kept : optionsOf(design.storageParameters);
  const space = design.tablespace && ` tablespace ${quoteIdentifier(design.tablespace)}`;
  return `${withOptions(options)}${space ?? ''}`;
}

function checkContract(model: Model, { columns }: Contract): Statement {
  const head = 'select * from (\n';
  const tail = '\n) as contracted limit 0';
  return {
    ...annotate(model.uniqueId, { head, body: model.compiledSql, tail }),
    purpose: 'compare the query with its contract',
    contract: columns,
  };
}

function contractColumns({ columns }: Contract): string {
  return columns
    .map(({ name, type, notNull, custom }) =>
      [quoteIdentifier(name), type, notNull ? 'not null' : '', ...custom].filter(Boolean).join(' '),
    )
    .join(', ');
}

function insertContracted(model: Model, { columns }: Contract): readonly Statement[] {
  const list = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const head = `insert into ${quoteRelation(model.staged)} (${list})\nselect ${list} from (\n`;
  const parts = { head, tail: '\n) as contracted' };
  return [{ ...around(model, parts), purpose: 'fill it' }, ...moreBatches(model, parts)];
}
