// The project that `init` makes: small, and with one of each thing that most projects have.

/** Returns the files of a new project by path. */
export function starterFiles(name: string): Readonly<Record<string, string>> {
  return {
    'dbt_project.yml': `name: ${name}
version: '1.0'
profile: ${name}

models:
  ${name}:
    staging:
      +materialized: view
    marts:
      +materialized: table
`,
    'profiles.yml': `# \`embedded\` is a PostgreSQL that starts by itself; for a server of your own add an output with
# type, host, port, user, password, dbname and schema, and choose it with --target.
${name}:
  target: embedded
  outputs:
    embedded: {type: embedded, schema: ${name}, threads: 4}
`,
    '.gitignore': 'target/\ndbt_packages/\nlogs/\n.fundlens/\n',
    'seeds/payments.csv': `id,customer,paid_on,amount
1,Ada,2026-01-05,12.50
2,Ada,2026-02-11,7.25
3,Grace,2026-02-14,30.00
`,
    'models/staging/stg_payments.sql': `select
    id as payment_id,
    customer as customer_name,
    paid_on as paid_date,
    amount
from {{ ref('payments') }}
`,
    'models/marts/customers.sql': `select
    customer_name,
    count(*) as payment_count,
    sum(amount) as paid_amount
from {{ ref('stg_payments') }}
group by customer_name
`,
    'models/marts/_marts.yml': `models:
  - name: customers
    description: One row per customer, with what they paid.
    columns:
      - name: customer_name
        data_tests: [unique, not_null]
      - name: paid_amount
        data_tests: [not_null]
`,
    'tests/assert_all_payments_are_counted.sql': `-- A row returned is a failure: every payment belongs to a customer.
select customers.counted, payments.made
from (select sum(payment_count) as counted from {{ ref('customers') }}) as customers
cross join (select count(*) as made from {{ ref('payments') }}) as payments
where customers.counted <> payments.made
`,
  };
}
