{{ config(
    materialized='table',
    indexes=[
        {'columns': ['id'], 'unique': true},
        {'columns': ['name', 'born']},
        {'columns': ['zip'], 'type': 'hash'}
    ],
    grants={'select': ['bench_reader', 'bench_writer'], 'insert': ['bench_writer']}
) }}
select * from {{ ref('people') }}
