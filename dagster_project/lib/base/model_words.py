"""What a data model says of a value it refuses, in Danish.

What belongs here: the library's own refusals, by their type. What does not: a refusal that a model
writes itself, which is Danish already.

Rules: P.danish.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OWN = "value_error"
_SAID = {
    "extra_forbidden": "ukendt nøgle",
    "missing": "nøglen mangler",
    "union_tag_not_found": "nøglen, der siger arten, mangler",
    "union_tag_invalid": "ukendt art",
    "list_type": "skal være en liste",
    "set_type": "skal være en liste",
    "tuple_type": "skal være en liste",
    "frozen_set_type": "skal være en liste",
    "model_type": "skal være nøgler med værdier",
    "model_attributes_type": "skal være nøgler med værdier",
    "dict_type": "skal være nøgler med værdier",
    "string_type": "skal være en tekst",
    "string_pattern_mismatch": "er ikke skrevet, som det skal være",
    "string_too_short": "må ikke være tom",
    "string_too_long": "er for lang: højst {max_length} tegn",
    "too_short": "skal have mindst {min_length}",
    "too_long": "må højst have {max_length}",
    "int_type": "skal være et helt tal",
    "int_parsing": "skal være et helt tal",
    "int_from_float": "skal være et helt tal",
    "float_type": "skal være et tal",
    "float_parsing": "skal være et tal",
    "decimal_type": "skal være et tal",
    "decimal_parsing": "skal være et tal",
    "bool_type": "skal være true eller false",
    "bool_parsing": "skal være true eller false",
    "date_type": "skal være en dato, ÅÅÅÅ-MM-DD",
    "date_parsing": "skal være en dato, ÅÅÅÅ-MM-DD",
    "date_from_datetime_parsing": "skal være en dato, ÅÅÅÅ-MM-DD",
    "greater_than": "skal være større end {gt}",
    "greater_than_equal": "skal være mindst {ge}",
    "less_than": "skal være mindre end {lt}",
    "less_than_equal": "skal være højst {le}",
    "literal_error": "skal være en af: {expected}",
    "enum": "skal være en af: {expected}",
    "none_required": "skal være tom",
}


def why(item: Mapping[str, Any]) -> str:
    """Why a value is refused, without the value.

    Args:
        item: one of ``ValidationError.errors(include_input=False)``.
    """
    kind, told = str(item["type"]), dict(item.get("ctx", {}))
    if kind == _OWN:
        return str(told["error"])
    if "expected" in told:
        told["expected"] = str(told["expected"]).replace(" or ", " eller ")
    return _SAID.get(kind, "er ikke tilladt her").format(**told)
