"""The process that draws: charts come as lines on stdin, pictures go as lines to stdout.

What belongs here: the only import of vl-convert, which holds V8: 67 GB of addresses, pages that are
written and then run, and an abort of the whole process where it may not have them. That is why it
is a process of its own. It ends with its input, so it never outlives who asked.
"""

from __future__ import annotations

import json
import os
import re
import sys
from functools import cache
from typing import Any

from dagster_project.lib.charts.svg import FONT_FOLDER, in_order

_LOCALE = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " kr."]}
# an SVG is XML; on a text with any of these the library ends its process
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def main() -> None:
    """Draw until there is nothing more to draw."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        asked = json.loads(line)
        answers.write(
            json.dumps({"sha256": asked["sha256"], **_answer(_as_xml(asked["chart"]))}) + "\n"
        )
        answers.flush()


def _as_xml(tree: Any) -> Any:
    """The same data, with a mark for each character that XML cannot hold."""
    if isinstance(tree, dict):
        return {name: _as_xml(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_as_xml(value) for value in tree]
    return _NO_XML.sub("\ufffd", tree) if isinstance(tree, str) else tree


def _answer(chart: dict[str, Any]) -> dict[str, str]:
    try:
        return {"svg": drawn(chart)}
    except Exception as error:  # one chart that cannot be drawn leaves the others
        return {"error": type(error).__name__}


def drawn(chart: dict[str, Any]) -> str:
    """The picture of a chart, given as plain data."""
    from altair.utils import schemapi

    from dagster_project.lib.charts.looks import specification

    with schemapi.debug_mode(False):
        described = specification(chart["kind"], chart["figures"], chart["width"], is_checked=False)
    made: str = _library().vegalite_to_svg(
        described, allowed_base_urls=[], format_locale=_LOCALE,
    )  # fmt: skip
    return in_order(made, chart["title"], chart["description"])


@cache
def _library() -> Any:
    import vl_convert

    vl_convert.register_font_directory(str(FONT_FOLDER))
    return vl_convert


if __name__ == "__main__":
    main()
