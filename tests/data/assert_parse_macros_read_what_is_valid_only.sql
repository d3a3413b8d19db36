-- must hold: parse_fec_date, parse_fec_amount, parse_zip5 and parse_zip4 read each case below
--            as written there, and give null, not an error, for what they cannot read
-- tolerance: none
-- severity: error
with

date_cases (input, expected) as (

    values
        ('01312019', date '2019-01-31'),
        (' 12312020 ', date '2020-12-31'),
        ('02292020', date '2020-02-29'),
        ('02292019', null),
        ('02302019', null),
        ('04312019', null),
        ('13012019', null),
        ('00002019', null),
        ('00000000', null),
        ('01012017', date '2017-01-01'),
        ('12312016', null),
        ('01012021', null),
        ('10171918', null),
        ('1012019', null),
        ('01/31/2019', null),
        ('20190131', null),
        ('０１３１２０１９', null),
        ('', null),
        (null, null)

),

amount_cases (input, expected) as (

    values
        ('250', 250.00),
        ('-250', -250.00),
        ('12.5', 12.50),
        ('.5', 0.50),
        ('-.05', -0.05),
        ('0', 0.00),
        ('7.', 7.00),
        ('999999999999.99', 999999999999.99),
        ('9999999999999', null),
        ('1.234', null),
        ('1,000', null),
        ('$5', null),
        ('1e5', null),
        ('NaN', null),
        ('-', null),
        ('.', null),
        ('', null),
        (null, null)

),

zip_cases (input, expected5, expected4) as (

    values
        ('06460', '06460', null),
        ('070836660', '07083', '6660'),
        ('07083-6660', '07083', '6660'),
        ('00000', '00000', null),
        ('6460', null, null),
        ('0708366', null, null),
        ('H3X9C6', null, null),
        ('', null, null),
        (null, null, null)

)

select
    'date' as kind,
    input,
    cast(expected as text) as expected,
    cast({{ parse_fec_date('input', '2020') }} as text) as actual
from date_cases
where ({{ parse_fec_date('input', '2020') }}) is distinct from expected
union all
select
    'amount' as kind,
    input,
    cast(expected as text) as expected,
    cast({{ parse_fec_amount('input') }} as text) as actual
from amount_cases
where ({{ parse_fec_amount('input') }}) is distinct from expected
union all
select
    'zip' as kind,
    input,
    concat_ws('-', expected5, expected4) as expected,
    concat_ws('-', {{ parse_zip5('input') }}, {{ parse_zip4('input') }}) as actual
from zip_cases
where
    ({{ parse_zip5('input') }}) is distinct from expected5
    or ({{ parse_zip4('input') }}) is distinct from expected4
