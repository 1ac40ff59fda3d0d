"""A person number is one however it is written."""

from __future__ import annotations

import pytest

from dagster_project.lib.base.person_numbers import holds_person_number


@pytest.mark.parametrize(
    "text",
    [
        "6101901234", "610190-1234", "610190 1234", "610190–1234", "61 01 90 1234",
        "borger 610190 - 1234 mangler", "61.01.90-1234", "６１０１９０１２３４", "0101901234",
        "610190_1234", "610190,1234", "610190(1234)", "61 01 90 12 34", "610190.1234",
    ],
)  # fmt: skip
# Rule I.person_text
def test_ten_digits_that_begin_with_a_date_are_a_person_number(text: str) -> None:
    assert holds_person_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "6113901234", "610190123", "61019012345", "EAN 5798000123456",
        "faktura 2024-11-26 1234", "610190 og 1234", "3202901234",
        "periode 01.10-12.10.2024", "møde 06-07.08.2024", "kl. 10-12.10.2024", "010124-310124",
    ],
)  # fmt: skip
def test_other_digits_are_none(text: str) -> None:
    assert not holds_person_number(text)
