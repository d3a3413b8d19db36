{#- Dates and times, as dbt spells them for PostgreSQL. -#}

{% macro current_timestamp() -%}
    {{ return(adapter.dispatch('current_timestamp', 'dbt')()) }}
{%- endmacro %}

{% macro postgres__current_timestamp() -%}
    now()
{%- endmacro %}


{% macro current_timestamp_backcompat() -%}
    {{ return(adapter.dispatch('current_timestamp_backcompat', 'dbt')()) }}
{%- endmacro %}

{% macro postgres__current_timestamp_backcompat() %}
    current_timestamp::{{ type_timestamp() }}
{% endmacro %}


{% macro current_timestamp_in_utc_backcompat() -%}
    {{ return(adapter.dispatch('current_timestamp_in_utc_backcompat', 'dbt')()) }}
{%- endmacro %}

{% macro postgres__current_timestamp_in_utc_backcompat() %}
    (current_timestamp at time zone 'utc')::{{ type_timestamp() }}
{% endmacro %}


{% macro snapshot_get_time() -%}
    {{ return(adapter.dispatch('snapshot_get_time', 'dbt')()) }}
{%- endmacro %}

{% macro postgres__snapshot_get_time() -%}
    {{ current_timestamp() }}::timestamp without time zone
{%- endmacro %}


{% macro snapshot_string_as_time(timestamp) -%}
    {{ return(adapter.dispatch('snapshot_string_as_time', 'dbt')(timestamp)) }}
{%- endmacro %}

{% macro postgres__snapshot_string_as_time(timestamp) -%}
    '{{ timestamp }}'::timestamp without time zone
{%- endmacro %}


{% macro date(year, month, day) -%}
    {{ return(adapter.dispatch('date', 'dbt')(year, month, day)) }}
{%- endmacro %}

{% macro default__date(year, month, day) -%}
    to_date('{{ modules.datetime.date(year, month, day).isoformat() }}', 'YYYY-MM-DD')
{%- endmacro %}


{% macro date_trunc(datepart, date) -%}
    {{ return(adapter.dispatch('date_trunc', 'dbt')(datepart, date)) }}
{%- endmacro %}

{% macro default__date_trunc(datepart, date) -%}
    date_trunc('{{ datepart }}', {{ date }})
{%- endmacro %}


{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}
    {{ return(adapter.dispatch('dateadd', 'dbt')(datepart, interval, from_date_or_timestamp)) }}
{%- endmacro %}

{% macro postgres__dateadd(datepart, interval, from_date_or_timestamp) %}
    {{ from_date_or_timestamp }} + ((interval '1 {{ datepart }}') * ({{ interval }}))
{% endmacro %}


{#- The parts of a larger unit, times how many smaller ones it has, plus the difference of the smaller parts. -#}
{% macro datediff(first_date, second_date, datepart) -%}
    {{ return(adapter.dispatch('datediff', 'dbt')(first_date, second_date, datepart)) }}
{%- endmacro %}

{% macro postgres__datediff(first_date, second_date, datepart) %}
    {%- set coarser = {
        'quarter': ('year', 4, 'date', false),
        'month': ('year', 12, 'date', false),
        'hour': ('day', 24, 'timestamp', false),
        'minute': ('hour', 60, 'timestamp', false),
        'second': ('minute', 60, 'timestamp', true),
        'millisecond': ('minute', 60000, 'timestamp', true),
        'microsecond': ('minute', 60000000, 'timestamp', true),
    } %}
    {% if datepart == 'year' -%}
        (date_part('year', ({{ second_date }})::date) - date_part('year', ({{ first_date }})::date))
    {%- elif datepart == 'day' -%}
        (({{ second_date }})::date - ({{ first_date }})::date)
    {%- elif datepart == 'week' -%}
        ({{ datediff(first_date, second_date, 'day') }} / 7 + case
            when date_part('dow', ({{ first_date }})::timestamp) <= date_part('dow', ({{ second_date }})::timestamp) then
                case when {{ first_date }} <= {{ second_date }} then 0 else -1 end
            else
                case when {{ first_date }} <= {{ second_date }} then 1 else 0 end
        end)
    {%- elif datepart in coarser -%}
        {%- set unit, factor, type, whole = coarser[datepart] -%}
        {%- set open, close = ('floor(', ')') if whole else ('', '') -%}
        ({{ datediff(first_date, second_date, unit) }} * {{ factor }} + {{ open }}date_part('{{ datepart }}', ({{ second_date }})::{{ type }}){{ close }} - {{ open }}date_part('{{ datepart }}', ({{ first_date }})::{{ type }}){{ close }})
    {%- else -%}
        {{ exceptions.raise_compiler_error("datediff knows no part of a date called `" ~ datepart ~ "`") }}
    {%- endif %}
{% endmacro %}


{% macro default_last_day(date, datepart) -%}
    cast(
        {{ dbt.dateadd('day', '-1', dbt.dateadd(datepart, '1', dbt.date_trunc(datepart, date))) }}
        as date)
{%- endmacro %}


{% macro last_day(date, datepart) -%}
    {{ return(adapter.dispatch('last_day', 'dbt')(date, datepart)) }}
{%- endmacro %}

{% macro postgres__last_day(date, datepart) -%}
    {%- if datepart != 'quarter' -%}{{ return(dbt.default_last_day(date, datepart)) }}{%- endif -%}
    -- postgres dateadd does not support quarter interval.
    cast(
        {{ dbt.dateadd('day', '-1', dbt.dateadd('month', '3', dbt.date_trunc(datepart, date))) }}
        as date)
{%- endmacro %}


{% macro get_intervals_between(start_date, end_date, datepart) -%}
    {{ return(adapter.dispatch('get_intervals_between', 'dbt')(start_date, end_date, datepart)) }}
{%- endmacro %}

{% macro default__get_intervals_between(start_date, end_date, datepart) -%}
    {%- call statement('get_intervals_between', fetch_result=true) -%}
        select {{ dbt.datediff(start_date, end_date, datepart) }}
    {%- endcall -%}
    {%- if not execute -%}{{ return(1) }}{%- endif -%}
    {%- set rows = load_result('get_intervals_between').table.rows -%}
    {{ return(rows[0][0] if rows else 1) }}
{%- endmacro %}


{% macro date_spine(datepart, start_date, end_date) -%}
    {{ return(adapter.dispatch('date_spine', 'dbt')(datepart, start_date, end_date)) }}
{%- endmacro %}

{% macro default__date_spine(datepart, start_date, end_date) %}
    with rawdata as (
        {{ dbt.generate_series(dbt.get_intervals_between(start_date, end_date, datepart)) }}
    ),
    all_periods as (
        select (
            {{ dbt.dateadd(datepart, 'row_number() over (order by 1) - 1', start_date) }}
        ) as date_{{ datepart }}
        from rawdata
    ),
    filtered as (
        select *
        from all_periods
        where date_{{ datepart }} <= {{ end_date }}
    )
    select * from filtered
{% endmacro %}


{% macro get_powers_of_two(upper_bound) -%}
    {{ return(adapter.dispatch('get_powers_of_two', 'dbt')(upper_bound)) }}
{%- endmacro %}

{% macro default__get_powers_of_two(upper_bound) -%}
    {%- if upper_bound <= 0 -%}
        {{ exceptions.raise_compiler_error("upper bound must be positive") }}
    {%- endif -%}
    {%- for exponent in range(1, 100) if upper_bound <= 2 ** exponent -%}
        {{ return(exponent) }}
    {%- endfor -%}
{%- endmacro %}


{% macro generate_series(upper_bound) -%}
    {{ return(adapter.dispatch('generate_series', 'dbt')(upper_bound)) }}
{%- endmacro %}

{% macro default__generate_series(upper_bound) %}
    {%- set digits = range(dbt.get_powers_of_two(upper_bound)) %}
    with p as (
        select 0 as generated_number union all select 1
    ), unioned as (
        select
        {% for digit in digits %}p{{ digit }}.generated_number * power(2, {{ digit }}){{ ' + ' if not loop.last }}{% endfor %}
        + 1
        as generated_number
        from
        {% for digit in digits %}p as p{{ digit }}{{ ' cross join ' if not loop.last }}{% endfor %}
    )
    select *
    from unioned
    where generated_number <= {{ upper_bound }}
    order by generated_number
{% endmacro %}


{% macro convert_datetime(date_str, date_fmt) -%}
    {%- set message = "The provided partition date '" ~ date_str ~ "' does not match the expected format '" ~ date_fmt ~ "'" -%}
    {{ return(try_or_compiler_error(message, modules.datetime.datetime.strptime, date_str.strip(), date_fmt)) }}
{%- endmacro %}


{% macro dates_in_range(start_date_str, end_date_str=none, in_fmt="%Y%m%d", out_fmt="%Y%m%d") -%}
    {%- set first = convert_datetime(start_date_str, in_fmt) -%}
    {%- set last = first if end_date_str is none else convert_datetime(end_date_str, in_fmt) -%}
    {%- if last < first -%}
        {{ exceptions.raise_compiler_error("Partition start date is after the end date (" ~ first ~ ", " ~ last ~ ")") }}
    {%- endif -%}
    {%- set dates = [] -%}
    {%- for step in range((last - first).days + 1) -%}
        {%- set date = first + modules.datetime.timedelta(days=step) -%}
        {%- do dates.append(date.strftime(out_fmt) if out_fmt else date) -%}
    {%- endfor -%}
    {{ return(dates) }}
{%- endmacro %}


{% macro partition_range(raw_partition_date, date_fmt='%Y%m%d') -%}
    {%- set ends = (raw_partition_date | string).split(',') -%}
    {%- if ends | length > 2 -%}
        {{ exceptions.raise_compiler_error("Invalid partition time. Expected format: {Start Date}[,{End Date}]. Got: " ~ raw_partition_date) }}
    {%- endif -%}
    {{ return(dates_in_range(ends[0], ends[1] if ends | length == 2 else none, in_fmt=date_fmt)) }}
{%- endmacro %}


{% macro py_current_timestring() -%}
    {{ return(modules.datetime.datetime.now().strftime('%Y%m%d%H%M%S%f')) }}
{%- endmacro %}
