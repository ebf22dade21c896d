-- Every line of every raw object has exactly one row in the cleaned zone: the counts of the ledger
-- beside the rows themselves.
{{ config(tags=['whole_history']) }}

with

ledger as (

    select
        source_object,
        lines,
        cleaned,
        dropped,
        duplicates,
        reduce(map_values(quarantined), bigint '0', (total, n) -> total + n, total -> total)
            as quarantined
    from {{ source('user_activity_cleaned', 'flatten_ledger') }}

),

found as (

    select
        source_object,
        'cleaned' as outcome
    from {{ source('user_activity_cleaned', 'user_activity') }}

    union all

    select
        source_object,
        reason as outcome
    from {{ source('user_activity_cleaned', 'user_activity_excluded') }}

    union all

    select
        source_object,
        'quarantined' as outcome
    from {{ source('user_activity_cleaned', 'quarantine') }}

),

counted as (

    select
        source_object,
        count_if(outcome = 'cleaned') as cleaned,
        count_if(outcome = 'dropped') as dropped,
        count_if(outcome = 'duplicate') as duplicates,
        count_if(outcome = 'quarantined') as quarantined
    from found
    group by source_object

),

final as (

    select
        coalesce(ledger.source_object, counted.source_object) as source_object,
        ledger.lines,
        counted.cleaned,
        counted.dropped,
        counted.duplicates,
        counted.quarantined
    from ledger
    full outer join counted on ledger.source_object = counted.source_object
    where
        ledger.source_object is null
        or ledger.lines <> ledger.cleaned + ledger.dropped + ledger.duplicates + ledger.quarantined
        or ledger.cleaned <> coalesce(counted.cleaned, 0)
        or ledger.dropped <> coalesce(counted.dropped, 0)
        or ledger.duplicates <> coalesce(counted.duplicates, 0)
        or ledger.quarantined <> coalesce(counted.quarantined, 0)

)

select * from final
