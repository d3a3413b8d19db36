select id, upper(name) as shout from {{ ref('people') }}
