-- grain: one row (none without contracts)
-- counts: the register that stands for the home: the one that its contracts are settled from;
--   several: ydelsesforloeb before ydelsesrefusion before dream
-- rules: M.home_register; docs/adr/0004-register-of-the-home.md
-- left out: nothing
with

contracts as (
    select register from {{ ref('stg_contracts__contracts') }}
),

registers as (
    select
        register_no,
        source
    from {{ ref('stg_registers') }}
),

-- finer registers first: days with shares, then weeks that were paid, then weeks with one code
preferences as (
    select
        register.source,
        register.preference
    from (
        values
        ('ydelsesforloeb', 1),
        ('ydelsesrefusion', 2),
        ('dream', 3)
    ) as register (source, preference)
),

final as (
    select
        registers.register_no,
        registers.source as register
    from contracts
    inner join registers on contracts.register = registers.source
    inner join preferences on registers.source = preferences.source
    qualify row_number() over (order by preferences.preference, contracts.register) = 1
)

select * from final
