{{ config(
    materialized='table',
    pre_hook=["insert into {{ target.schema }}.hook_log values ('before {{ this.identifier }}')"],
    post_hook=[
        "insert into {{ target.schema }}.hook_log select 'after ' || count(*) from {{ this }}",
        {'sql': "vacuum {{ this }}", 'transaction': false},
        "{{ note_columns(this) }}"
    ]
) }}
select id, name from {{ ref('indexed') }}
