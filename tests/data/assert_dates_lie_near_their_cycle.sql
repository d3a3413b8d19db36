-- must hold: a contribution date lies in its cycle or the two years before it, agrees with the
--            text disclosed, and is missing with a flag only
-- tolerance: none
-- severity: error
select
    sub_id,
    cycle,
    disclosed_date,
    contribution_date,
    has_invalid_date
from {{ ref('contributions') }}
where
    extract(year from contribution_date) not between cycle - 3 and cycle
    or to_char(contribution_date, 'MMDDYYYY') <> disclosed_date
    or has_invalid_date <> (contribution_date is null and disclosed_date is not null)
