"""Which variants a contract file may have, and what is said of those that it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.lib import contracts
from dagster_project.lib.base.errors import EffektError
from dagster_project.lib.contracts.loader import list_shadows
from dagster_project.lib.contracts.model import MAX_VARIANTS

SHIPPED = Path(__file__).parents[3] / "seeds" / "contracts"
CONTRACT = "hedensted-arbejdsfastholdelse"
TEXT = (SHIPPED / f"{CONTRACT}.yml").read_text(encoding="utf-8").split("variants:")[0]


def written(folder: Path, *variants: str, text: str = TEXT) -> Path:
    """The shipped contract with these variants, each the mapping under ``set``."""
    listed = "".join(
        f"  - {{variant_id: v{number}, title: t, set: {change}}}\n"
        for number, change in enumerate(variants)
    )
    path = folder / f"{CONTRACT}.yml"
    path.write_text(f"{text}variants:\n{listed}", encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    """What is said of a contract file that is refused."""
    with pytest.raises(EffektError, match="CONTRACT_FILE") as refused:
        contracts.read_contract(path, None)
    return refused.value.message


ACCEPTED = {
    "a key of a part": "{parts.beskaeftigelsesindsats.max_support_days: 15}",
    "a list of words": "{parts.beskaeftigelsesindsats.exit_reasons: [død]}",
    "a key of a price group": (
        "{parts.beskaeftigelsesindsats.price_groups.jobafklaring.max_participants: null}"
    ),
    "a rate by its number": (
        '{parts.beskaeftigelsesindsats.price_groups.sygedagpenge.rates.0.amount: "13048.50"}'
    ),
    "a tier by its number": '{payment.tiers.1.provider_share: "0.25"}',
    "a reading by its id": "{payment.readings.alternatives.loft_paa_betaling.payment_ceiling: 1}",
    "the chosen reading": "{payment.readings.chosen: samlet_loft}",
    "a rate of an fte part": "{parts.laeringsindsats.groups.sygedagpenge.rate: 1}",
    "the register": "{register: dream, register_lag_days: 0, requires_person_status: false}",
    "what is there already": "{parts.beskaeftigelsesindsats.max_support_days: 0}",
    "nothing": "{}",
}


# Rule S.variant_path
@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_variant_may_set_a_key_that_bears_on_kroner(tmp_path: Path, change: str) -> None:
    contract = contracts.read_contract(written(tmp_path, change), None)
    own, variant = list_shadows(contract)
    assert (own.variant_id, variant.variant_id) == ("", "v0")
    is_other = own.contract.terms_sha256 != variant.contract.terms_sha256
    assert is_other is (change not in (ACCEPTED["nothing"], ACCEPTED["what is there already"]))


_KEPT = "en variant ændrer ikke, hvem"
_UNPAID = "hverken ændre grundlag eller betalingsret"
_PERIODS = "lægger en periode til eller tager en bort"
REFUSED = {
    "{contract_id: x}": ("contract_id", _KEPT),
    "{area: Vejle}": ("area", _KEPT),
    "{term.ends_on: 2024-11-30}": ("term.ends_on", _KEPT),
    "{actors: null}": ("actors", _KEPT),
    "{parties.provider: x}": ("parties.provider", _KEPT),
    "{settlement.months_per_period: 1}": ("settlement.months_per_period", _KEPT),
    "{variants: []}": ("variants", _KEPT),
    "{title: x}": ("title", _UNPAID),
    "{parts.laeringsindsats.title: x}": ("parts.laeringsindsats.title", _UNPAID),
    "{parts.laeringsindsats.clause: x}": ("parts.laeringsindsats.clause", _UNPAID),
    "{payment.authorised_max: 1}": ("payment.authorised_max", _UNPAID),
    "{effect.weeks: 10}": ("effect.weeks", _UNPAID),
    "{parts.beskaeftigelsesindsats.target: null}": (
        "parts.beskaeftigelsesindsats.target", _UNPAID,
    ),
    "{parts.laeringsindsats.evaluation.last_month: 2025-01}": (
        "parts.laeringsindsats.evaluation.last_month", _PERIODS,
    ),
    "{parts.laeringsindsats: null}": ("parts.laeringsindsats", "ender i et id"),
    "{payment.tiers.1: null}": ("payment.tiers.1", "ender i et id"),
    "{payment.tiers.2.above: 1}": ("payment.tiers.2.above", "ingen nøgle"),
    "{payment.tiers.01.above: 1}": ("payment.tiers.01.above", "ingen nøgle"),
    "{parts.0.max_support_days: 1}": ("parts.0.max_support_days", "ingen nøgle"),
    "{parts.ukendt.max_support_days: 1}": ("parts.ukendt.max_support_days", "ingen nøgle"),
    "{parts.laeringsindsats.max_support_days: 1}": (
        "parts.laeringsindsats.max_support_days", "ingen nøgle",
    ),
    "{parts.beskaeftigelsesindsats.max_support_days: 32}": (
        "parts.beskaeftigelsesindsats.max_support_days", "skal være mellem 0 og 31",
    ),
    "{payment.tiers.1.provider_share: 0.25}": (
        "payment.tiers.1.provider_share", "anførselstegn",
    ),
    "{payment.readings.chosen: ukendt}": ("payment.readings.chosen", "ingen fortolkning"),
    "{parts.beskaeftigelsesindsats.case_groups: [sygedagpenge]}": (
        "parts.beskaeftigelsesindsats.case_groups", "står ikke under case_groups",
    ),
}  # fmt: skip


# Rule S.variant_path
@pytest.mark.parametrize("change", REFUSED)
def test_a_refused_path_is_named_with_the_reason(tmp_path: Path, change: str) -> None:
    path, reason = REFUSED[change]
    said = refusal(written(tmp_path, "{}", change))
    assert f"variants[1].set.{path}: " in said
    assert reason in said


# Rule S.variant_path
def test_of_two_changes_the_one_that_moves_a_period_is_named(tmp_path: Path) -> None:
    said = refusal(
        written(
            tmp_path,
            "{parts.laeringsindsats.netting: per_group,"
            " parts.laeringsindsats.evaluation.last_month: 2025-01}",
        )
    )
    assert "evaluation.last_month" in said
    assert "netting" not in said


# Rule S.variant
def test_a_contract_has_at_most_twelve_variants(tmp_path: Path) -> None:
    twelve = ["{}"] * MAX_VARIANTS
    assert len(contracts.read_contract(written(tmp_path, *twelve), None).variants) == 12
    assert "variants" in refusal(written(tmp_path, *twelve, "{}"))


# Rule S.variant
@pytest.mark.parametrize("name", ["''", "a.b", "v0"])
def test_a_variant_has_an_id_of_its_own(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, "{}")
    more = f"  - {{variant_id: {name}, title: t, set: {{}}}}\n"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    assert "variants[1].variant_id" in refusal(path)


# Rule S.variant
def test_a_contract_that_pays_nothing_has_no_variants(tmp_path: Path) -> None:
    before, rest = TEXT.split("payment:")
    text = before + "effect:" + rest.split("effect:")[1]
    assert "varianter kræver" in refusal(written(tmp_path, "{}", text=text))


# Rule C.terms
def test_variants_move_no_hash_and_come_back_from_stored_terms(tmp_path: Path) -> None:
    change = '{payment.tiers.1.provider_share: "0.25", register: dream, register_lag_days: 3}'
    contract = contracts.read_contract(written(tmp_path, change), None)
    path = tmp_path / f"{CONTRACT}.yml"
    path.write_text(TEXT, encoding="utf-8")
    bare = contracts.read_contract(path, None)
    assert contract.terms_sha256 == bare.terms_sha256
    assert "variants" not in bare.terms()
    again = contracts.contract_from_json(contract.terms_json())
    assert again.terms_json() == contract.terms_json()
    assert [one.contract for one in list_shadows(again)] == [
        one.contract for one in list_shadows(contract)
    ]


# Rule S.variant
def test_the_shipped_contract_asks_three_questions() -> None:
    contract = contracts.read_contract(SHIPPED / f"{CONTRACT}.yml", None)
    assert [one.variant_id for one in contract.variants] == [
        "halv_maaned", "mindst_26_uger", "stoettet_job_taeller",
    ]  # fmt: skip
    assert len({one.contract.terms_sha256 for one in list_shadows(contract)}) == 4
