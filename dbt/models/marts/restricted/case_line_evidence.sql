-- grain: one row per contract, course, effort month and piece of evidence
-- counts: the landed rows and deliveries that decided the month, numbered by role, days and file
-- clause: 40-settlement.md, Evidence; 50-mart.md
-- left out: values of the rows: row_hmac recognises a row of the vault, it does not tell it
with

evidence as (
    select
        contract_id, course_id, month, role, delivery_no, row_number, code, first_day, last_day
    from {{ ref('int_evidence__list_rows') }}
),

deliveries as (
    select delivery_no, sha256, file_name, source
    from {{ ref('stg_deliveries__received') }}
),

hashes as (
    select sha256, source, row_number, row_hmac
    from {{ ref('stg_evidence__row_hmacs') }}
),

roles as (
    select role, role_order
    from (
        values
        ('participant', 1),
        ('referral_spell', 2),
        ('exit', 3),
        ('coverage', 4),
        ('spell', 5),
        ('claim', 6),
        ('income', 7)
    ) as evidence_role (role, role_order)
),

hashed as (
    select
        evidence.contract_id,
        evidence.course_id,
        evidence.month,
        evidence.role,
        roles.role_order,
        deliveries.sha256 as delivery_sha256,
        deliveries.file_name,
        evidence.row_number,
        hashes.row_hmac,
        evidence.code,
        evidence.first_day,
        evidence.last_day
    from evidence
    inner join roles on evidence.role = roles.role
    inner join deliveries on evidence.delivery_no = deliveries.delivery_no
    left join hashes
        on
            deliveries.sha256 = hashes.sha256
            and deliveries.source = hashes.source
            and evidence.row_number = hashes.row_number
),

final as (
    select
        contract_id,
        course_id,
        month,
        row_number() over (
            partition by contract_id, course_id, month
            order by
                role_order, first_day, last_day, file_name, delivery_sha256, row_number, code
        ) as evidence_no,
        role,
        delivery_sha256,
        file_name,
        row_number,
        row_hmac,
        code,
        first_day,
        last_day
    from hashed
)

select * from final
