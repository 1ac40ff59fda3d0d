"""The syntax that a file of the project may use: everything else is refused with its place."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from dagster_project.lib.base.strict_yaml import (
    MAX_BYTES,
    Plain,
    YamlRefusedError,
    as_json,
    load_typed,
    parse,
    read_document,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0101", "0101"), ("12:30", "12:30"), ("no", "no"), ("1e3", "1e3"), ("0x1F", "0x1F"),
     ("2020-01-01", "2020-01-01"), ("1_000", "1_000"), ("True", "True")],
)  # fmt: skip
def test_a_plain_scalar_stays_the_text_that_stands_there(text: str, value: str) -> None:
    tree = parse(f"key: {text}").tree
    assert tree == {"key": value}
    assert isinstance(tree["key"], Plain)


def test_a_quoted_scalar_is_text_and_not_plain() -> None:
    tree = parse("a: '0.50'\nb: \"null\"\nc: null\nd: ~\ne:\n").tree
    assert tree == {"a": "0.50", "b": "null", "c": None, "d": None, "e": None}
    assert not isinstance(tree["a"], Plain)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "står to gange"),
        ("a: {b: 1, b: 2}", "a.b: nøglen står to gange"),
        ("a: &x 1\nb: *x", "ankre og aliasser"),
        ("a: &x 1", "ankre og aliasser"),
        ("a: !!python/object:os.system x", "mærker"),
        ("a: !!str 1", "mærker"),
        ("a: 1\n---\nb: 2", "mere end ét YAML-dokument"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "direktiver"),
        ("[1, 2]: x", "en nøgle skal være et almindeligt ord"),
        ("a: [1, 2", "kan ikke læses som YAML"),
        ("a: \x07", "kan ikke læses som YAML"),
        ("~: 1", "en nøgle skal være et almindeligt ord"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(YamlRefusedError, match=words):
        parse(text)


# Rule C.file
@pytest.mark.parametrize(
    ("sign", "is_refused"),
    [
        ("0000", True), ("0001", True), ("0008", True), ("0009", False), ("000a", False),
        ("000b", True), ("001f", True), ("0020", False), ("007e", False), ("007f", True),
        ("009f", True), ("00a0", False), ("2027", False), ("2028", True), ("202e", True),
        ("202f", False), ("2065", False), ("2066", True), ("2069", True), ("feff", True),
        ("fdd0", True), ("fffd", False), ("fffe", True), ("ffff", True),
        ("0001fffd", False), ("0001fffe", True), ("0010ffff", True),
    ],
)  # fmt: skip
def test_a_sign_that_no_document_can_show_is_refused_where_it_is_written_as_an_escape(
    sign: str, is_refused: bool
) -> None:
    escape = f"\\u{sign}" if len(sign) == 4 else f"\\U{sign}"
    for text, place in ((f'a: [b, "c{escape}d"]', r"a\[1\]"), (f'"k{escape}": 1', "")):
        if is_refused:
            with pytest.raises(YamlRefusedError, match=f"{place}: teksten har et tegn"):
                parse(text)
        else:
            assert parse(text).tree


# Rule C.file
def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    with pytest.raises(YamlRefusedError, match="ankre"):
        parse(bomb)


def test_deep_nesting_is_refused_and_does_not_crash() -> None:
    with pytest.raises(YamlRefusedError, match="for mange niveauer"):
        parse("a: " + "[" * 5000)


@pytest.mark.parametrize(("extra", "refused"), [(0, False), (1, True)])
def test_a_file_may_be_256_kilobytes_and_not_one_byte_more(
    tmp_path: Path, extra: int, refused: bool
) -> None:
    path = tmp_path / "a.yml"
    path.write_bytes(b"a: 1\n" + b"#" * (MAX_BYTES - 5 + extra))
    if refused:
        with pytest.raises(YamlRefusedError, match="256 KB"):
            read_document(path)
    else:
        assert read_document(path).tree == {"a": "1"}


def test_a_byte_order_mark_is_fine_and_another_encoding_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_bytes("\ufeffa: ø".encode())
    assert read_document(path).tree == {"a": "ø"}
    path.write_bytes("a: ø".encode("cp1252"))
    with pytest.raises(YamlRefusedError, match="ikke UTF-8"):
        read_document(path)


def test_lines_are_known_for_every_key_path() -> None:
    document = parse("a:\n  - b: 1\n  - b: 2\n    c: 3\n")
    assert document.line_of(("a", 1, "c")) == 4
    assert document.line_of(("a", 1, "missing")) == 3


def test_the_json_view_types_integers_truth_values_and_null() -> None:
    assert as_json(parse("{a: 1, b: '1', c: true, d: null, e: 1.5, f: -3}").tree) == {
        "a": 1, "b": "1", "c": True, "d": None, "e": "1.5", "f": -3,
    }  # fmt: skip


def test_typed_yaml_has_its_numbers_and_dates_and_refuses_a_key_that_stands_twice() -> None:
    assert load_typed("a: 0.9\nb: 2024-01-31\nc: yes\n") == {
        "a": 0.9, "b": dt.date(2024, 1, 31), "c": True
    }  # fmt: skip
    for text in ("a: 1\na: 2", "a: [{b: 1, b: 2}]", "a: 1\n'a': 2"):
        with pytest.raises(YamlRefusedError, match="står to gange"):
            load_typed(text)
