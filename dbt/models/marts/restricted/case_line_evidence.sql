-- grain: one row per contract, course, effort month and piece of evidence
-- counts: the landed rows and deliveries that decided the month, numbered by role, days and file
-- rules: S.evidence
-- left out: values of the rows: row_hmac identifies a row of the vault and gives none of its values
with

evidence as (
    select
        listed.contract_id,
        listed.course_id,
        listed.month,
        listed.role,
        listed.delivery_no,
        listed.row_number,
        listed.code,
        listed.first_day,
        listed.last_day
    from {{ ref('int_evidence__list_rows') }} as listed
),

deliveries as (
    select
        delivery_no,
        sha256,
        file_name,
        source
    from {{ ref('stg_deliveries__received') }}
),

row_hashes as (
    select
        kept.sha256,
        kept.source,
        kept.row_number,
        kept.row_hmac
    from {{ ref('stg_evidence__row_hmacs') }} as kept
),

arrange_roles as (
    select
        role_name,
        role_order
    from (
        values
        ('participant', 1),
        ('referral_spell', 2),
        ('exit', 3),
        ('coverage', 4),
        ('spell', 5),
        ('claim', 6),
        ('income', 7)
    ) as evidence_role (role_name, role_order)  -- noqa: AL05
),

hashed as (
    select
        evidence.contract_id,
        evidence.course_id,
        evidence.month,
        evidence.role,
        arrange_roles.role_order,
        deliveries.sha256 as delivery_sha256,
        deliveries.file_name,
        evidence.row_number,
        row_hashes.row_hmac,
        evidence.code,
        evidence.first_day,
        evidence.last_day
    from evidence
    inner join arrange_roles on evidence.role = arrange_roles.role_name
    inner join deliveries on evidence.delivery_no = deliveries.delivery_no
    left join row_hashes
        on
            deliveries.sha256 = row_hashes.sha256
            and deliveries.source = row_hashes.source
            and evidence.row_number = row_hashes.row_number
),

numbered as (
    select
        hashed.*,
        row_number() over (
            partition by hashed.contract_id, hashed.course_id, hashed.month
            order by
                hashed.role_order,
                hashed.first_day,
                hashed.last_day,
                hashed.file_name,
                hashed.delivery_sha256,
                hashed.row_number,
                hashed.code
        ) as evidence_no
    from hashed
),

final as (
    select
        numbered.contract_id,
        numbered.course_id,
        numbered.month,
        numbered.evidence_no,
        numbered.role,
        numbered.delivery_sha256,
        numbered.file_name,
        numbered.row_number,
        numbered.row_hmac,
        numbered.code,
        numbered.first_day,
        numbered.last_day
    from numbered
)

select * from final
