"""The made pages of ``docs/reference``: the contract file's keys, the sources' columns, commands.

What belongs here: setting the tables of a page from what the machine itself reads (the contract's
schema, the declarations of the sources, the command). What does not: a text of a key, a column or
an option; each has its home (``seeds/contract_keys.csv``, ``seeds/sources``, the command's help).
What stands above the mark of a page is written by people, and kept.

``python -m tests.docs.reference`` (or ``make docs``) writes the pages anew.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperOption
from typer.main import get_command

from dagster_project.cli.app import app
from dagster_project.lib.contracts.key_texts import KeyText, place_of, read_key_texts
from dagster_project.lib.contracts.schema import ROOT_SECTION, keys_of, schema, sections
from dagster_project.lib.receiving.judging.declarations import Source, load_sources
from dagster_project.lib.receiving.template_fields import explanations, how_written, name_form
from dagster_project.lib.reference import load_benefit_codes, load_benefits
from dagster_project.lib.reference.tables import BenefitCode
from tests.docs import links

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/reference"
BEGIN = "<!-- Herunder er siden lavet af `make docs`. -->"

SECTION_TITLES = {
    "Contract": "hele filen", "Parties": "`parties`", "Term": "`term`", "Actors": "`actors`",
    "Actor": "et navn i `actors`", "Settlement": "`settlement`", "Calendar": "`calendar`",
    "PersonMonthsPart": "en del af art `person_months`", "PriceGroup": "`price_groups`",
    "Rate": "`rates`", "HistoricalShares": "`historical_success_rate`",
    "PersonMonthsTarget": "`target` (person_months)",
    "FteReductionPart": "en del af art `fte_reduction`", "FteGroup": "`groups` (fte_reduction)",
    "MonthSpan": "`baseline` og `evaluation` (fte_reduction), `entries` (relapse_reduction)",
    "RelapsePart": "en del af art `relapse_reduction`",
    "RelapseBaseline": "`baseline` (relapse_reduction)",
    "RelapseTarget": "`target` (relapse_reduction)", "Payment": "`payment`", "Tier": "`tiers`",
    "Readings": "`readings`", "Reading": "`alternatives`", "Potential": "`potential`",
    "PotentialGroup": "`groups` (potential)", "FocusGoal": "`focus_goal`",
    "FollowUp": "`follow_up`", "Screening": "`screening`", "ScreeningGoals": "`goals`",
    "Effect": "`effect`", "DaySpan": "`control`", "BusinessCase": "`business_case`",
    "BusinessCaseLine": "`lines`", "StatedPayback": "`stated_payback`",
    "Variant": "`variants`", "Retention": "`retention`",
}  # fmt: skip
"""The sections of the contract file in the order of the page, as the file has them."""

_KINDS_OF_SOURCE = {
    "window": "Et udtræk er hele sandheden om hver dag i sin periode: den, der ikke står i det,"
    " havde intet på de dage. Et nyere udtræk afløser et ældre for sine egne dage.",
    "upsert": "Den nyeste fil, der har en nøgle, gælder for den. En række, som en nyere fil"
    " udelader, bliver stående.",
    "snapshot": "Den nyeste fil afløser alle tidligere.",
}
_VALUES = {dt.datetime: "ÅÅÅÅ-MM-DD", Path: "STI", int: "TAL"}
_SENDERS = {"provider": "leverandøren", "municipality": "kommunen"}


def contract_keys(made: dict[str, Any] | None = None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every key of the contract file: section, key, its shape in the schema."""
    for section, described in sections(made or schema()).items():
        for key, shape in keys_of(described).items():
            yield section, key, shape


def _contract_page() -> str:
    made, texts = schema(), read_key_texts()
    found = sections(made)
    order = [*SECTION_TITLES, *(name for name in found if name not in SECTION_TITLES)]
    return "\n".join(
        _section(name, found[name], texts) for name in order if name in found
    )  # fmt: skip


def _section(name: str, described: dict[str, Any], texts: dict[tuple[str, str], KeyText]) -> str:
    must = _mapping(described).get("required", ())
    rows = [_key_row(name, key, shape, key in must, texts)
            for key, shape in keys_of(described).items()]  # fmt: skip
    title = SECTION_TITLES.get(name, name)
    return "\n".join([
        f"### {title}", "",
        "| nøgle | form | skal | dansk | English |", "|---|---|---|---|---|", *rows, "",
    ])  # fmt: skip


def _mapping(described: dict[str, Any]) -> dict[str, Any]:
    forms = [form for form in described.get("anyOf", ()) if "properties" in form]
    return forms[0] if forms else described


def _key_row(
    section: str, key: str, shape: dict[str, Any], must: bool,
    texts: dict[tuple[str, str], KeyText],
) -> str:  # fmt: skip
    place = place_of(section, key, texts)
    text = texts[place] if place else KeyText("", "")
    default = "nej" if shape.get("default") in (None, []) or isinstance(
        shape["default"], dict) else f"nej: {_plain(shape['default'])}"  # fmt: skip
    cells = [f"`{key}`", form_of(shape), "ja" if must else default, text.da, text.en]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _plain(value: object) -> str:
    text = str(value)
    return text.rstrip("0") if re.fullmatch(r"0\.\d+", text) else text


def form_of(shape: dict[str, Any]) -> str:
    """What may be written, in Danish words, from a key's shape in the schema."""
    if "$ref" in shape:
        return _link_to(shape["$ref"].rpartition("/")[2])
    if "enum" in shape or "const" in shape:
        return " eller ".join(f"`{value}`" for value in shape.get("enum", [shape.get("const")]))
    if "anyOf" in shape:
        return _one_of(shape["anyOf"])
    if shape.get("type") == "array":
        return f"liste: {_item(shape['items'])}"
    return _scalar(shape)


def _item(shape: dict[str, Any]) -> str:
    return " eller ".join(form_of(form) for form in shape.get("oneOf", [shape]))


def _link_to(section: str) -> str:
    title = SECTION_TITLES.get(section, section)
    return f"[{title}](#{links.anchor_of(title)})"


def _one_of(forms: list[dict[str, Any]]) -> str:
    told = [form for form in forms if form.get("type") != "null"]
    nothing = " eller `null`" if len(told) < len(forms) else ""
    if len(told) == 1:
        return form_of(told[0]) + nothing
    decimals = re.search(r"\{1,(\d)\}\)\?\$$", told[-1]["pattern"])
    if decimals is None:
        raise ValueError(f"a form without words: {told}")
    return f"tal; med decimaler (højst {decimals[1]}) i anførselstegn{nothing}"


def _scalar(shape: dict[str, Any]) -> str:
    pattern = shape.get("pattern", "")
    if shape.get("type") == "integer":
        return f"helt tal, {shape['minimum']}–{shape['maximum']}"
    if shape.get("type") == "boolean":
        return "`true` eller `false`"
    if pattern.startswith("^[0-9]{4}-[0-9]{2}-"):
        return "dato ÅÅÅÅ-MM-DD"
    if pattern.startswith("^[0-9]{4}-"):
        return "måned ÅÅÅÅ-MM"
    if pattern.startswith("^(0("):
        return "andel 0–1 i anførselstegn"
    return "tekst"


def _sources_page() -> str:
    sources = "\n".join(_source(source) for _, source in sorted(load_sources().items()))
    return f"## Kilderne\n\n{sources}\n{_groups()}"


def _groups() -> str:
    """Benefit groups with their codes, and the names that the statistics have for them."""
    by_group: dict[str, list[BenefitCode]] = {}
    for code in load_benefit_codes():
        by_group.setdefault(code.benefit_group, []).append(code)
    names: dict[str, list[str]] = {}
    for name, group in load_benefits().group_of_name:
        names.setdefault(group, []).append(name)
    rows = [
        f"| {group} | {'; '.join(_ranges(codes))} | {_kind_of(codes[0])} |"
        f" {', '.join(names.get(group, []))} |"
        for group, codes in sorted(by_group.items())
    ]
    return "\n".join([
        "## Ydelsesgrupper og koder", "",
        "Koderne i `ydelsesforloeb` og `dream`. En ukendt kode afviser sin række.", "",
        "| gruppe | koder | tæller som | navne i statistik og ydelsesrefusion |",
        "|---|---|---|---|", *rows, "",
    ])  # fmt: skip


def _ranges(codes: list[BenefitCode]) -> list[str]:
    return [
        (f"{code.code_from}" if code.code_from == code.code_to
         else f"{code.code_from}–{code.code_to}")
        + (f" ({code.match_group})" if code.match_group else "")
        for code in codes
    ]  # fmt: skip


def _kind_of(code: BenefitCode) -> str:
    told = [
        word for word, is_so in (
            ("ydelse", code.is_public_support), ("støttet job", code.is_subsidised_job),
            ("udtræden", code.is_exit),
        ) if is_so
    ]  # fmt: skip
    return ", ".join(told)


def _source(source: Source) -> str:
    heads, *rows = explanations(source)
    examples = {column.heading: column.example for column in source.columns}
    table = [f"| {' | '.join([*heads, 'Eksempel'])} |", "|---|---|---|---|---|---|"]
    table += [
        f"| {' | '.join(_cells([f'`{heading}`', *told, _code(examples.get(heading, '890'))]))} |"
        for heading, *told in rows
    ]
    key = ", ".join(
        f"`{column.heading}`" for name in source.key for column in source.columns
        if column.name == name
    )  # fmt: skip
    keyed = f" Nøglen er {key}." if key else ""
    told = f"Sendes af {_SENDERS[source.sent_by]}. {_KINDS_OF_SOURCE[source.semantics]}{keyed}"
    warned = f"Gate 10 advarer, når det nyeste er over {source.max_age_days} dage gammelt."
    named = f"Navn: `{name_form(source)}`. {how_written(source)} {warned}"
    head = [f"### {source.title}", "", f"`{source.source}`. {told}", "", named, ""]
    return "\n".join([*head, *table, ""])


def _cells(cells: list[str]) -> list[str]:
    return [cell.replace("|", "\\|") for cell in cells]


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def commands(group: Any = None, before: str = "effekt") -> Iterator[tuple[str, TyperCommand]]:
    """Every command with what is typed before its arguments, those of a family too."""
    for name, command in (group or get_command(app)).commands.items():
        if getattr(command, "commands", None):
            yield from commands(command, f"{before} {name}")
        elif not command.hidden:
            yield f"{before} {name}", command


def _commands_page() -> str:
    return "\n".join(_command(typed, command) for typed, command in commands())


def _command(typed: str, command: TyperCommand) -> str:
    shown = [p for p in command.params if not getattr(p, "hidden", False) and p.name != "help"]
    places = [p for p in shown if isinstance(p, TyperArgument)]
    options = [p for p in shown if isinstance(p, TyperOption)]
    words = [p.metavar if p.required else f"[{p.metavar}]" for p in places]
    words += [f"{p.opts[-1]} {_value(p)}".strip() for p in options if p.required]
    rest = " [VALG]" if any(not p.required for p in options) else ""
    rows = [f"| `{p.metavar}` | {_told(p)} |" for p in places]
    rows += [f"| {_cells([f'`{p.opts[-1]}{_sep(_value(p))}`'])[0]} | {_told(p)} |" for p in options]
    says = re.sub(r"\s+", " ", (command.help or "").split("\f")[0]).strip()
    return "\n".join([
        f"### `{typed}`", "", says, "", f"    {' '.join([typed, *map(str, words)])}{rest}", "",
        "| | |", "|---|---|", *rows, "",
    ])  # fmt: skip


def _sep(value: str) -> str:
    return f" {value}" if value else ""


def _value(option: TyperOption) -> str:
    """What follows an option: its own word, else that of its kind."""
    if option.is_flag:
        return ""
    if option.metavar:
        return str(option.metavar)
    kind = option.type_descriptor.annotation
    return _VALUES.get(kind, "ORD" if issubclass(kind, Enum) else "TEKST")


def _told(param: TyperArgument | TyperOption) -> str:
    return re.sub(r"\s+", " ", param.help or "").replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "kontraktfil.md": _contract_page, "inddata.md": _sources_page, "kommandoer.md": _commands_page,
}  # fmt: skip


def page_text(name: str) -> str:
    """A page: what people wrote above the mark, and what is made below it."""
    head = (FOLDER / name).read_text(encoding="utf-8").split(BEGIN)[0]
    return f"{head}{BEGIN}\n\n{PAGES[name]()}"


def write() -> None:
    """Write the pages anew."""
    for name in PAGES:
        (FOLDER / name).write_text(page_text(name), encoding="utf-8")


if __name__ == "__main__":
    if set(SECTION_TITLES) - set(sections(schema())) or ROOT_SECTION not in SECTION_TITLES:
        raise SystemExit("a title without a section")
    write()
