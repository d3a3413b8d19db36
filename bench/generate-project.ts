// Writes a dbt project of any size, the same one for the same numbers: layered models with refs and
// configs, YAML with descriptions and generic tests, macros, seeds and sources.
//
//   npx tsx bench/generate-project.ts --nodes 2000 --to DIR [--seed 1]

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/** What to generate. */
export interface ProjectShape {
  /** How many models, seeds and source tables; their tests come on top. */
  readonly nodes: number;
  /** Decides every choice that the generator makes. */
  readonly seed: number;
}

/** One file of a generated project. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** How many models share a folder and its property file. */
const FOLDER_SIZE = 20;
const COLUMNS = ['amount', 'quantity', 'status', 'region', 'channel', 'created_at', 'updated_at'];

/** Returns the files of a project, sorted by nothing but how they were made. */
export function generateProject(shape: ProjectShape): readonly GeneratedFile[] {
  const pick = randomFrom(shape.seed);
  const count = (share: number): number => Math.max(1, Math.round(shape.nodes * share));
  const names = (prefix: string, amount: number): string[] =>
    Array.from({ length: amount }, (_, index) => `${prefix}_${String(index).padStart(5, '0')}`);
  const tables = names('table', count(0.05));
  const seeds = names('codes', count(0.02));
  const staged = names('stg', count(0.35));
  const joined = names('int', count(0.33));
  const used = tables.length + seeds.length + staged.length + joined.length;
  const facts = names('fct', Math.max(1, shape.nodes - used));
  const macros = names('scale', count(0.01));
  return [
    { path: 'dbt_project.yml', text: projectText },
    { path: 'profiles.yml', text: profileText },
    { path: 'models/sources.yml', text: sourcesText(tables) },
    ...macros.map((name) => ({ path: `macros/${name}.sql`, text: macroText(name) })),
    ...seeds.map((name) => ({
      path: `seeds/${name}.csv`,
      text: 'code,label\nA,first\nB,second\n',
    })),
    ...layer('staging', staged, (name) => stagingText(name, pick(tables), pick(macros), pick)),
    ...layer('intermediate', joined, (name) =>
      joinText(name, [pick(staged), pick(staged), pick(seeds)], pick),
    ),
    ...layer('marts', facts, (name) => martText(name, [pick(joined), pick(joined)], pick)),
  ];
}

type Pick = <T>(from: readonly T[]) => T;

/** A small generator of numbers (mulberry32), so that the same seed gives the same project. */
function randomFrom(seed: number): Pick {
  let state = seed >>> 0;
  return (from) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    const index = Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * from.length);
    const picked = from[index];
    if (picked === undefined) throw new RangeError('there is nothing to pick from');
    return picked;
  };
}

function layer(
  folder: string,
  names: readonly string[],
  sqlOf: (name: string) => string,
): GeneratedFile[] {
  const files: GeneratedFile[] = [];
  for (let start = 0; start < names.length; start += FOLDER_SIZE) {
    const group = names.slice(start, start + FOLDER_SIZE);
    const at = `models/${folder}/group_${String(start / FOLDER_SIZE).padStart(4, '0')}`;
    files.push(...group.map((name) => ({ path: `${at}/${name}.sql`, text: sqlOf(name) })));
    files.push({ path: `${at}/_models.yml`, text: propertiesText(group) });
  }
  return files;
}

function stagingText(name: string, table: string, macro: string, pick: Pick): string {
  const scaled = pick([0, 1, 2]) === 0 ? `{{ ${macro}('amount') }}` : 'amount / 100.0';
  return `-- grain: one row per record of ${table}
{{ config(
    materialized='view',
    tags=['staging', 'daily']
) }}

with source as (
    select * from {{ source('raw', '${table}') }}
),

renamed as (
    select
        id as ${name}_id,
        parent_id,
        ${scaled} as amount,
${COLUMNS.slice(1)
  .map((column) => `        ${column}`)
  .join(',\n')}
    from source
    where created_at >= '{{ var('start_date') }}'
)

select * from renamed
`;
}

function joinText(name: string, refs: readonly [string, string, string], pick: Pick): string {
  const [left, right, codes] = refs;
  const listed = pick([0, 1, 2, 3]) === 0;
  const sums = listed
    ? `{% for status in ['open', 'closed', 'void'] %}
        sum(case when a.status = '{{ status }}' then a.amount end) as {{ status }}_amount,
        {%- endfor %}`
    : `sum(a.amount) as amount,`;
  return `-- grain: one row per ${left} and region
{{ config(materialized='${pick(['view', 'table'])}') }}

with a as (
    select * from {{ ref('${left}') }}
),

b as (
    select * from {{ ref('${right}') }}
),

codes as (
    select * from {{ ref('${codes}') }}
),

final as (
    select
        a.${left}_id as ${name}_id,
        a.region,
        ${sums}
        count(*) as quantity,
        max(codes.label) as status,
        max(a.channel) as channel,
        min(a.created_at) as created_at,
        max(b.updated_at) as updated_at
    from a
    left join b on a.parent_id = b.parent_id
    left join codes on a.status = codes.code
    group by a.${left}_id, a.region
)

select * from final
`;
}

function martText(name: string, refs: readonly [string, string], pick: Pick): string {
  const recent =
    pick([0, 1, 2, 3, 4]) === 0
      ? `{% if is_incremental() %}
    where first.updated_at > (select max(updated_at) from {{ this }})
    {% endif %}`
      : `where first.updated_at is not null`;
  return `-- grain: one row per ${name}
{{ config(materialized='table', schema='marts', meta={'owner': 'finance', 'sla_hours': 24}) }}

with first as (
    select * from {{ ref('${refs[0]}') }}
),

second as (
    select * from {{ ref('${refs[1]}') }}
),

final as (
    select
        first.${refs[0]}_id as ${name}_id,
        first.region,
        first.channel,
        first.status,
        second.quantity,
        {# the total is shown beside its parts #}
        coalesce(second.quantity, 0) * 2 as amount,
        first.created_at,
        first.updated_at
    from first
    left join second on first.region = second.region
    ${recent}
)

select * from final
`;
}

function propertiesText(names: readonly string[]): string {
  const models = names.map(
    (name) => `  - name: ${name}
    description: >
      The ${name} model, with one row per key. It is written as people write it:
      over two lines, with a word on what is left out.
    columns:
      - name: ${name}_id
        description: Key of the row.
        tests:
          - unique
          - not_null
${COLUMNS.map(
  (column) => `      - name: ${column}
        description: "The ${column.replace('_', ' ')} of the row, as the source has it."
${
  column === 'status'
    ? `        tests:
          - accepted_values:
              arguments:
                values: ['open', 'closed', 'void']
`
    : ''
}`,
).join('')}`,
  );
  return `version: 2\n\nmodels:\n${models.join('\n')}`;
}

function sourcesText(tables: readonly string[]): string {
  const entries = tables.map(
    (table) => `      - name: ${table}
        description: Loaded every night.
        columns:
          - name: id
            tests:
              - not_null
`,
  );
  return `version: 2\n\nsources:\n  - name: raw\n    schema: raw\n    tables:\n${entries.join('')}`;
}

function macroText(name: string): string {
  return `{#- Cents to whole units. -#}
{% macro ${name}(column, digits=2) -%}
    {%- if digits > 0 -%}
    round({{ column }} / 100.0, {{ digits }})
    {%- else -%}
    {{ column }} / 100
    {%- endif -%}
{%- endmacro %}
`;
}

const projectText = `name: generated
version: "1.0.0"
config-version: 2
profile: generated
model-paths: ["models"]
seed-paths: ["seeds"]
macro-paths: ["macros"]
vars:
  start_date: "2020-01-01"
flags:
  require_generic_test_arguments_property: true
models:
  generated:
    staging:
      +schema: staging
    intermediate:
      +schema: intermediate
    marts:
      +tags: ["mart"]
`;

/** By default nothing listens there: this program compiles without a server, dbt does not. */
const profileText = `generated:
  target: dev
  outputs:
    dev:
      type: postgres
      host: "{{ env_var('PGHOST', 'localhost') }}"
      port: "{{ env_var('PGPORT', '1') | as_number }}"
      user: "{{ env_var('PGUSER', 'bench') }}"
      password: "{{ env_var('PGPASSWORD', 'bench') }}"
      dbname: "{{ env_var('PGDATABASE', 'bench') }}"
      schema: bench
      threads: 4
`;

/** Writes a project to a folder, which is emptied first. */
export async function writeProject(shape: ProjectShape, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const files = generateProject(shape);
  const folders = new Set(files.map((file) => dirname(join(folder, file.path))));
  for (const path of folders) await mkdir(path, { recursive: true });
  for (const file of files) await writeFile(join(folder, file.path), file.text);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '500' },
      seed: { type: 'string', default: '1' },
      to: { type: 'string' },
    },
  });
  const nodes = Number(values.nodes);
  if (values.to === undefined || !Number.isInteger(nodes) || nodes < 5) {
    process.stderr.write('usage: generate-project.ts --nodes N (5 or more) --to DIR [--seed N]\n');
    process.exitCode = 2;
  } else {
    await writeProject({ nodes, seed: Number(values.seed) }, values.to);
  }
}
