"""Authenticating a document offline: forgeries are found, and what was not checked is said."""

from __future__ import annotations

import copy
import datetime as dt
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from dagster_project.lib import life, statement
from dagster_project.lib.base.canonical import canonical_json, sha256_json
from dagster_project.lib.base.errors import UsageError
from dagster_project.lib.keys import sealing
from dagster_project.lib.keys.statement_key import StatementKey, read_statement_key
from dagster_project.lib.statement import paper, view, web
from dagster_project.lib.statement.figures import figures_sha256
from tests.support.published import CONTRACT, World, make_world

Document = dict[str, Any]
STRANGER = StatementKey(b"\x07" * 32)
NAMES = ("2023-01.json", "2023-01.html", "2023-01.pdf", "2023-01.xlsx", "2023-01-bilag.json")


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A submitted period with its documents, made once for all tests that change only copies."""
    world = make_world(tmp_path_factory.mktemp("kommune"))
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    statement.write_statement(world.settings, CONTRACT, "2023-01")
    return world


@pytest.fixture
def kept(submitted: World, tmp_path: Path) -> Path:
    """What a party keeps: the documents, in a folder of its own."""
    folder = tmp_path / "part"
    shutil.copytree(submitted.home.reports / "statements" / CONTRACT, folder)
    return folder


@pytest.fixture
def key(submitted: World) -> StatementKey:
    """The municipality's own key."""
    return read_statement_key(submitted.home)


def load(path: Path) -> Document:
    """The document of a JSON file."""
    found: Document = json.loads(path.read_text(encoding="utf-8"))
    return found


def save(path: Path, document: Document, key: StatementKey) -> Path:
    """The document, signed anew as the product would."""
    kept = {name: value for name, value in document.items() if name not in sealing._SEAL}
    path.write_text(canonical_json(sealing.signed(kept, key)) + "\n", encoding="utf-8")
    return path


def forge(document: Document) -> Document:
    """A whole forgery: 900 kroner instead of 300 wherever they stand, every hash recomputed."""
    text = canonical_json(document).replace('"300.00"', '"900.00"')
    forged: Document = json.loads(text)
    figures = forged["figures"]
    forged["statement_sha256"] = figures_sha256(figures)
    previous = "0" * 64
    for event, link in zip(forged["events"], forged["chain"], strict=True):
        event["statement_sha256"], event["prev"] = forged["statement_sha256"], previous
        event["hash"] = sha256_json({k: v for k, v in event.items() if k != "hash"})
        link |= {"prev": previous, "hash": event["hash"]}
        previous = event["hash"]
    forged["provenance"]["heads"]["ledger"]["hash"] = previous
    return forged


# Rules S.verify, S.signature
@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_in_order_only_with_the_key_that_the_municipality_gave(
    kept: Path, key: StatementKey, name: str
) -> None:
    confirmed = statement.authenticate(kept / name, key.fingerprint)
    assert (confirmed.exit_code, confirmed.text().split(":")[0]) == (0, "I orden")
    alone = statement.authenticate(kept / name)
    assert (alone.exit_code, alone.is_key_confirmed) == (0, False)
    assert "nøglen er ikke bekræftet" in alone.text() and "I orden" not in alone.text()
    other = statement.authenticate(kept / name, STRANGER.fingerprint)
    assert other.exit_code == 4
    assert "en anden nøgle end den, der er oplyst" in other.text()


def test_a_fingerprint_may_be_typed_as_people_write_it(kept: Path, key: StatementKey) -> None:
    pairs = " ".join(key.fingerprint[place : place + 4] for place in range(0, 32, 4)).upper()
    assert statement.authenticate(kept / NAMES[0], pairs).is_key_confirmed
    for wrong in ("", key.fingerprint[:31], key.fingerprint + "0", "g" * 32):
        with pytest.raises(UsageError):
            statement.authenticate(kept / NAMES[0], wrong)


# Rule S.verify
def test_a_whole_forgery_is_never_in_order(kept: Path, key: StatementKey) -> None:
    path = save(kept / "2023-01.json", forge(load(kept / "2023-01.json")), STRANGER)
    alone = statement.authenticate(path)
    assert not alone.problems, alone.text()
    assert "nøglen er ikke bekræftet" in alone.text() and "I orden" not in alone.text()
    told = statement.authenticate(path, key.fingerprint)
    assert (told.exit_code, told.text().split(":")[0]) == (4, "IKKE i orden")


@pytest.mark.parametrize("form", ["html", "pdf"])
# Rule S.verify
def test_a_whole_forgery_on_paper_is_never_in_order(
    kept: Path, key: StatementKey, form: str
) -> None:
    signed = sealing.signed(_bare(forge(load(kept / "2023-01.json"))), STRANGER)
    shown, text = view.build(signed), canonical_json(signed)
    raw = web.render(shown, text).encode() if form == "html" else paper.render(shown, text)
    path = kept / f"falsk.{form}"
    path.write_bytes(raw)
    for beside in (None, sealing.signature_file(raw, STRANGER)):
        if beside is not None:
            (kept / f"falsk.{form}.sig").write_text(beside)
        assert "I orden" not in statement.authenticate(path).text()
        assert statement.authenticate(path, key.fingerprint).exit_code == 4


def _bare(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in sealing._SEAL}


def test_the_key_of_another_does_not_sign_for_the_municipality(
    kept: Path, key: StatementKey
) -> None:
    document = load(kept / "2023-01.json")
    document["signature"] = STRANGER.sign(sealing._message(document))
    path = kept / "2023-01.json"
    path.write_text(canonical_json(document) + "\n", encoding="utf-8")
    assert statement.authenticate(path).exit_code == 4
    for name in ("public_key", "signature"):
        path.write_text(canonical_json({k: v for k, v in document.items() if k != name}))
        assert "underskriften mangler" in statement.authenticate(path).text()


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (("figures", "basis", "period"), "301.00", "linjerne giver ikke periodens grundlag"),
        (("figures", "entitlement", "cumulative"), "301.00", "betalingsretten følger ikke"),
        (("figures", "held", "cumulative"), "1.00", "betalingsret minus tilbageholdt"),
        (("figures", "held", "cumulative"), "NaN", "betaling: det kan ikke læses"),
        (("figures", "held", "cumulative"), "1e9", "betaling: det kan ikke læses"),
        (("figures", "held", "cumulative"), 0, "betaling: det kan ikke læses"),
        (("figures", "authorised", "maximum"), "250.00", "betalingen i alt følger ikke"),
        (("figures", "authorised", "maximum"), None, "bevillingen er ikke kontraktens"),
        (("figures", "authorised", "released"), "-1.00", "betalingen i alt følger ikke"),
        (("figures", "payment", "carried_forward"), "5.00", "betalt for meget"),
        (("figures", "payment", "repayable"), "5.00", "det, der skal betales tilbage"),
        (("figures", "parts", 0, "sum"), "301.00", "en dels sum er ikke måneder gange pris"),
        (("figures", "parts", 0, "months"), 2, "en dels måneder er ikke summen"),
        (("figures", "parts", 0, "months"), True, "det kan ikke læses"),
        (("figures", "parts", 0, "rates", 0, "months"), 3, "en dels måneder er ikke summen"),
        (("figures", "lines", "count"), 7, "ikke lige så mange måneder"),
        (("figures", "tiers", "steps", 0, "amount"), "299.00", "beløbene i trinnene er andre"),
        (("figures", "tiers", "basis_counted"), "299.00", "der tæller med, er et andet"),
        (("figures", "tiers", "steps", 0, "above"), "10.00", "trinnene er ikke kontraktens"),
        (("figures", "tiers", "payment_ceiling"), "1000.00", "loftet i trinnene er ikke"),
        (("figures", "readings", 0, "basis_ceiling"), "9.00", "et loft er ikke kontraktens"),
        (("figures", "payment", "period"), "301.00", "mere end alt det, der er betalt"),
        (("figures", "payment", "period"), "299.00", "den første periodes betaling"),
        (("figures", "basis", "cumulative"), "400.00", "den første periodes grundlag"),
        (("figures", "parts", 0, "line_kind"), "bonus", "af en ukendt slags"),
        (("figures", "parts", 0, "part"), "del-9", "en del er ikke kontraktens"),
        (("shown", "totals", "headroom_to_ceiling_dkk"), "9.00", "til loftet er en anden"),
        (("shown", "totals", "headroom_to_next_tier_dkk"), "9.00", "afstanden til næste trin"),
        (("shown", "totals", "period_end"), "2023-04-30", "perioden har en anden sidste dag"),
        (("provenance", "heads", "ledger"), None, "hovedbogens hoved mangler"),
        (("provenance", "heads"), None, "hovedbogen"),
        (("kind",), "bonus", "ukendt slags eller et ukendt format"),
        (("kind",), None, "ukendt slags eller et ukendt format"),
        (("format",), 1, "ukendt slags eller et ukendt format"),
        (("format",), "2", "ukendt slags eller et ukendt format"),
        (("figures", "readings", 0, "entitlement"), "1.00", "en fortolkning giver et andet beløb"),
        (("figures", "readings"), [], "fortolkningerne er ikke kontraktens"),
        (("figures", "format"), 3, "en anden form"),
        (("figures", "course"), "f1", "en anden form"),
        (("figures", "period"), "2023-04", "kontrakt eller periode"),
        (("statement_sha256",), "0" * 64, "tallene giver ikke opgørelsens sha256"),
        (("provenance", "terms", "register_lag_days"), 9, "vilkårene er ikke dem"),
        (("state", "state"), "paid", "status følger ikke af hændelserne"),
        (("state", "is_superseded"), True, "status følger ikke af hændelserne"),
        (("events", 0, "actor"), "En anden", "hændelse 1 er ændret"),
        (("events", 0, "amount_dkk"), "300.001", "hændelse 1 er ændret"),
        (("chain",), [], "det kan ikke læses"),
        (("chain", 0, "prev"), "1" * 64, "hændelse 1 fortsætter ikke kæden"),
        (("provenance", "heads", "ledger", "hash"), "1" * 64, "hovedbogens hoved"),
        (("provenance", "heads", "ledger", "sequence"), 0, "hovedbogens hoved"),
        (("shown", "totals", "payment_dkk"), "301.00", "payment_dkk er ikke det"),
        (("shown", "totals", "carried_forward_dkk"), "1.00", "carried_forward_dkk er ikke det"),
    ],
)
# Rule S.verify
def test_figures_that_lie_are_found_even_if_the_key_itself_has_signed_them(
    kept: Path, key: StatementKey, place: tuple[str | int, ...], value: Any, problem: str
) -> None:
    document = load(kept / "2023-01.json")
    inner: Any = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    told = statement.authenticate(save(kept / "løgn.json", document, key), key.fingerprint)
    assert told.exit_code == 4
    assert problem in told.text()


def test_an_approval_of_another_amount_or_of_another_period_is_found(
    world: World, tmp_path: Path
) -> None:
    key = read_statement_key(world.home)
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    life.approve(world.settings, CONTRACT, "2023-01", "Lea")
    (path, *_) = statement.write_statement(world.settings, CONTRACT, "2023-01")
    for name, value, problem in [
        ("amount_dkk", "299.00", "et andet beløb"),
        ("contract_id", "en-anden", "en hændelse er en anden opgørelses"),
    ]:
        document = load(path)
        event = document["events"][-1]
        event[name] = value
        event["hash"] = sha256_json({k: v for k, v in event.items() if k != "hash"})
        document["chain"][-1]["hash"] = event["hash"]
        document["provenance"]["heads"]["ledger"]["hash"] = event["hash"]
        told = statement.authenticate(save(tmp_path / "løgn.json", document, key))
        assert problem in told.text()


def relinked(document: Document) -> Document:
    """The document with the hashes of all its events and the chain made anew."""
    previous = "0" * 64
    document["events"] = [dict(event) for event in document["events"]]
    for number, event in enumerate(document["events"], start=1):
        event |= {"prev": previous, "sequence": number}
        event["hash"] = sha256_json({k: v for k, v in event.items() if k != "hash"})
        previous = event["hash"]
    document["chain"] = [
        {k: e[k] for k in ("sequence", "prev", "hash")} for e in document["events"]
    ]
    document["provenance"]["heads"]["ledger"] = {
        "sequence": len(document["events"]), "hash": previous,
    }  # fmt: skip
    return document


def test_a_life_that_no_settlement_can_have_is_found(world: World, tmp_path: Path) -> None:
    key = read_statement_key(world.home)
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    life.return_(world.settings, CONTRACT, "2023-01", "Kai", "om igen")
    life.submit(world.settings, CONTRACT, "2023-01", "Lis")
    life.verify(world.settings, CONTRACT, "2023-01", "Kai")
    life.approve(world.settings, CONTRACT, "2023-01", "Lea")
    life.pay(world.settings, CONTRACT, "2023-01", "Bo", dt.date(2023, 5, 2), "b-1")
    (path, *_) = statement.write_statement(world.settings, CONTRACT, "2023-01")
    assert statement.authenticate(path, key.fingerprint).is_valid
    submit, verify, back, again, seen, approve, pay = load(path)["events"]
    done = [submit, verify, approve, pay]
    lives: list[list[Document]] = [
        [{**submit, "role": "finance"}, verify, approve, pay],
        [submit, {**verify, "role": "provider"}, approve, pay],
        [submit, verify, {**approve, "role": "finance"}, pay],
        [submit, {**verify, "actor": " LIS "}, approve, pay],
        [submit, verify, {**approve, "actor": "Lis"}, pay],
        [submit, verify, {**approve, "actor": "Kai"}, pay],
        [submit, verify, {**approve, "actor": ""}, pay],
        [submit, approve, pay], [approve, pay], [verify, submit, approve, pay], [*done, pay],
        [*done, submit], [submit, back, seen, approve, pay], [submit, again, seen, approve, pay],
        [submit, verify, {**approve, "action": "release"}, approve, pay],
        [{**submit, "as_of_date": "2023-06-01"}, verify, approve, pay],
        [
            {**submit, "is_confirmed": True}, {**verify, "is_confirmed": True}, approve, pay,
        ],
    ]  # fmt: skip
    for events in lives:
        document = relinked({**load(path), "events": events})
        told = statement.authenticate(save(tmp_path / "løgn.json", document, key))
        assert "ikke et trin, der kunne tages" in told.text() or "kan ikke læses" in told.text()
    document = relinked({**load(path), "events": done})
    assert statement.authenticate(save(tmp_path / "helt.json", document, key)).is_valid
    document["events"].pop()
    told = statement.authenticate(save(tmp_path / "løgn.json", document, key))
    assert "kæden ender ikke med opgørelsens sidste hændelse" in told.text()


# text -> text of a JSON file that no two readers may read differently
HOSTILE: dict[str, Callable[[str], str]] = {
    "a_key_twice": lambda text: text.replace('{"chain"', '{"kind":"bilag","chain"', 1),
    "a_float": lambda text: text.replace('"count":1', '"count":1.0', 1),
    "an_exponent": lambda text: text.replace('"count":1', '"count":1e0', 1),
    "a_huge_number": lambda text: text.replace('"count":1', f'"count":{"9" * 5000}', 1),
    "nan": lambda text: text.replace('"count":1', '"count":NaN', 1),
    "infinity": lambda text: text.replace('"count":1', '"count":-Infinity', 1),
    "text_after_it": lambda text: text + "{}",
    "no_unicode": lambda text: text.replace('"Lis"', '"\\ud800"', 1),
    "no_end_of_nesting": lambda _text: '{"a":' * 100_000,
    "deep_nesting": lambda text: text.replace('{"chain"', f'{{"a":{"[" * 101 + "]" * 101},"chain"'),
    "no_object": lambda _text: "[]",
    "nothing": lambda _text: "",
    "an_empty_object": lambda _text: "{}",
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
# Rule S.verify
def test_json_that_readers_could_read_differently_is_not_in_order(
    kept: Path, change: Callable[[str], str]
) -> None:
    path = kept / "2023-01.json"
    text = path.read_text(encoding="utf-8")
    changed = change(text)
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    assert statement.authenticate(path).exit_code == 4


@pytest.mark.parametrize("text", ["\x1b[2Jløgn", "x" * 64, "A" * 64, 7, None])
def test_the_answer_repeats_nothing_that_a_stranger_wrote(kept: Path, text: Any) -> None:
    document = load(kept / "2023-01.json")
    document["statement_sha256"] = document["state"]["state"] = text
    document["figures"]["readings"][0]["reading"] = text
    told = statement.authenticate(save(kept / "løgn.json", document, STRANGER)).text()
    assert str(text) not in told.replace("løgn.json", "")


GONE = object()


def places_in(value: Any, *before: str | int) -> Iterator[tuple[str | int, ...]]:
    """Every place in a document; of a list its first entry stands for all."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1])
    for name, own in inner:
        yield (*before, name)
        if isinstance(own, dict | list):
            yield from places_in(own, *before, name)


def edited(document: Document, place: tuple[str | int, ...], value: Any) -> Document:
    """The document with another value at a place, or without it."""
    told = copy.deepcopy(document)
    inner: Any = told
    for step in place[:-1]:
        inner = inner[step]
    if value is GONE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return told


def on_a_page(page: str, document: Document) -> str:
    """A page of the product with another document inside."""
    before, kind, rest = page.partition('application/json"')
    begins = rest.index(">") + 1
    return (
        before + kind + rest[:begins] + canonical_json(document) + rest[rest.index("</script>") :]
    )


@pytest.mark.parametrize("value", [GONE, None, {}, 7])
# Rule S.verify
def test_whatever_a_document_holds_the_answer_is_one_of_three(kept: Path, value: Any) -> None:
    page = (kept / "2023-01.html").read_text(encoding="utf-8")
    path, on_page = kept / "løgn.json", kept / "løgn.html"
    for name in ("2023-01.json", "2023-01-bilag.json"):
        document = load(kept / name)
        for place in places_in({"state": {}, **document}):
            told = _bare(edited({"state": {}, **document}, place, value))
            signed = sealing.signed(told, STRANGER)
            path.write_text(canonical_json(signed), encoding="utf-8")
            verdict = statement.authenticate(path)
            assert verdict.exit_code in (0, 3, 4) and verdict.as_json() and verdict.text()
            if verdict.is_valid:
                on_page.write_text(on_a_page(page, signed), encoding="utf-8")
                assert statement.authenticate(on_page).exit_code in (0, 3, 4), place


@pytest.mark.parametrize(
    "place",
    [
        *(("shown", name) for name in ("claims", "curve", "effects", "blockers")),
        *(("provenance", name) for name in ("deliveries", "as_of_date", "heads")),
        ("shown", "matches"),
    ],
)
# Rule S.verify
def test_a_paper_whose_content_cannot_be_drawn_is_not_in_order(
    kept: Path, place: tuple[str, ...]
) -> None:
    document = _bare(edited(load(kept / "2023-01.json"), place, None))
    signed = sealing.signed(document, STRANGER)
    page = (kept / "2023-01.html").read_text(encoding="utf-8")
    (kept / "løgn.html").write_text(on_a_page(page, signed), encoding="utf-8")
    attached = canonical_json(signed).encode()
    about = b"<</EF<</F 9 0 R>>>>\n9 0 obj\n<</Type/EmbeddedFile/Length %d>>" % len(attached)
    (kept / "løgn.pdf").write_bytes(about + b"\nstream\n" + attached)
    assert statement.authenticate(kept / "løgn.html").exit_code == 4
    printed = statement.authenticate(kept / "løgn.pdf")
    assert printed.exit_code == 4 or not printed.is_paper_checked


def test_a_page_that_no_parser_takes_is_not_in_order(kept: Path) -> None:
    (kept / "2023-01.html").write_text("<![foo[x]]>", encoding="utf-8")
    assert statement.authenticate(kept / "2023-01.html").exit_code == 4


# Rule S.verify
@pytest.mark.parametrize(
    "layout", [{"indent": 2}, {"indent": 2, "ensure_ascii": True}, {"separators": (", ", ": ")}]
)
def test_json_saved_by_another_program_is_called_that_and_not_forged(
    kept: Path, key: StatementKey, layout: dict[str, Any]
) -> None:
    path = kept / "2023-01.json"
    told = {"ensure_ascii": False, **layout}
    path.write_text("\ufeff" + json.dumps(dict(reversed(load(path).items())), **told))
    verdict = statement.authenticate(path, key.fingerprint)
    assert (verdict.exit_code, verdict.text().split(":")[0]) == (0, "I orden")
    assert "gemt igen af et andet program" in verdict.text()


# the paper ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["2023-01.html", "2023-01.pdf", "2023-01.xlsx"])
# Rule S.signature
def test_one_changed_byte_is_not_what_was_signed(kept: Path, name: str) -> None:
    path = kept / name
    raw = path.read_bytes()
    for place in range(3, len(raw), len(raw) // 15):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert statement.authenticate(path).exit_code == 4, place


@pytest.mark.parametrize("name", ["2023-01.html", "2023-01.pdf", "2023-01.xlsx"])
def test_the_signature_of_another_file_is_not_this_files(kept: Path, name: str) -> None:
    for other in ("2023-01-bilag.xlsx.sig", "2023-01.html.sig", "2023-01.xlsx.sig"):
        if not other.startswith(name):
            shutil.copy(kept / other, kept / f"{name}.sig")
            told = statement.authenticate(kept / name)
            assert (told.exit_code, told.text().split(":")[0]) == (
                4, "Ikke den fil, der blev underskrevet",
            )  # fmt: skip


@pytest.mark.parametrize("text", ["", "{}", "[]", "nul", '{"sha256":1}', "\udcff"])
def test_a_signature_file_that_is_none_is_found(kept: Path, text: str) -> None:
    (kept / "2023-01.xlsx.sig").write_bytes(text.encode("utf-8", errors="surrogateescape"))
    told = statement.authenticate(kept / "2023-01.xlsx")
    assert (told.exit_code, "er ingen underskrift" in told.text()) == (4, True)


def test_a_signature_with_another_key_than_the_document_is_found(kept: Path) -> None:
    path = kept / "2023-01.html"
    seal = sealing.signature_file(path.read_bytes(), STRANGER)
    (kept / "2023-01.html.sig").write_text(seal)
    assert "hver sin nøgle" in statement.authenticate(path).text()


# Rule S.verify
def test_without_its_signature_a_pdf_is_authenticated_by_what_is_attached(
    kept: Path, key: StatementKey
) -> None:
    (kept / "2023-01.pdf.sig").unlink()
    path = kept / "2023-01.pdf"
    told = statement.authenticate(path, key.fingerprint)
    assert told.is_valid and "papiret omkring tallene" in told.text()
    raw = path.read_bytes()
    changed = raw.replace(b"startxref", b"%%effekt-sha256 00\nstartxref")
    path.write_bytes(changed)
    told = statement.authenticate(path, key.fingerprint)
    assert told.is_valid and "papiret omkring tallene" in told.text()
    assert told.text().startswith("Kun tallene i filen er efterprøvet")


def test_two_attachments_are_not_one_statement(kept: Path) -> None:
    path = kept / "2023-01.pdf"
    (kept / "2023-01.pdf.sig").unlink()
    one = b"9 0 obj\n<</Type /EmbeddedFile/Length 2>>\nstream\n{}\nendstream\nendobj\n"
    path.write_bytes(path.read_bytes() + one)
    assert "flere opgørelser" in statement.authenticate(path).text()
    path.write_bytes(b"%PDF-1.7\n" + one.replace(b"/Length", b"/Filter/LZWDecode/Length"))
    assert statement.authenticate(path).exit_code == 4


ANOTHER = b"<</Length 2>>\nstream\n{}\nendstream\nendobj\n"
# pdf, number of the attachment, number of what names it -> pdf with another attachment
REVISIONS: dict[str, Callable[[bytes, bytes, bytes], bytes]] = {
    "the_object_again": lambda pdf, file, _: pdf + file + b" 0 obj\n" + ANOTHER,
    "the_object_again_with_a_comment": lambda pdf, file, _: (
        pdf + b"\n" + file + b"%x\n0%\n obj\n" + ANOTHER
    ),
    "the_object_again_inside_what_looks_like_a_stream": lambda pdf, file, _: (
        pdf.replace(b"startxref", b"%stream\n" + file + b" 0 obj\n" + ANOTHER + b"startxref")
    ),
    "the_name_again": lambda pdf, _, name: (
        pdf + name + b" 0 obj\n<</EF<</F 900 0 R>>>>\nendobj\n900 0 obj\n" + ANOTHER
    ),
    "a_name_with_escapes": lambda pdf, _, __: (
        pdf + b"901 0 obj\n<</E#46<</F 900 0 R>>>>\nendobj\n900 0 obj\n" + ANOTHER
    ),
    "a_kind_with_escapes": lambda pdf, _, __: (
        pdf + b"900 0 obj\n" + ANOTHER.replace(b"<<", b"<</Type/Embedded#46ile", 1)
    ),
    "another_is_named": lambda pdf, file, _: (
        pdf.replace(b"/EF<</F " + file, b"/EF<</F 900")
        + b"900 0 obj\n" + ANOTHER
    ),
    "a_second_end": lambda pdf, _, __: pdf + b"startxref\n9\n%%EOF\n",
    "an_earlier_table": lambda pdf, _, __: pdf.replace(b"/Root", b"/Prev 9/Root"),
    "objects_out_of_sight": lambda pdf, _, __: (
        pdf + b"900 0 obj\n" + ANOTHER.replace(b"<<", b"<</Type/ObjStm", 1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("revise", REVISIONS.values(), ids=REVISIONS)
# Rule S.verify
def test_a_pdf_whose_attachment_may_be_another_is_not_in_order(
    kept: Path, key: StatementKey, revise: Callable[[bytes, bytes, bytes], bytes]
) -> None:
    (kept / "2023-01.pdf.sig").unlink()
    path = kept / "2023-01.pdf"
    pdf = path.read_bytes()
    file = pdf.partition(b"/EF<</F ")[2].partition(b" ")[0]
    name = pdf.partition(b"<</Type/Filespec")[0].split(b"endobj")[-1].split()[0]
    changed = revise(pdf, file, name)
    assert changed != pdf
    path.write_bytes(changed)
    told = statement.authenticate(path, key.fingerprint)
    assert told.exit_code == 4
    assert "flere opgørelser i sig eller er ændret, efter at den blev skrevet" in told.text()


def test_an_attachment_that_never_ends_is_given_up(kept: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(paper, "_MAX_BYTES", 1000)
    assert statement.authenticate(kept / "2023-01.pdf").exit_code == 4


@pytest.mark.parametrize("name", ["2023-01.xlsx", "2023-01-bilag.xlsx", "gammel.pdf"])
# Rule S.verify
def test_what_has_nothing_in_it_to_check_cannot_be_checked_and_is_called_that(
    kept: Path, key: StatementKey, name: str
) -> None:
    (kept / "gammel.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n%%effekt-sha256 0\n")
    (kept / f"{name}.sig").unlink(missing_ok=True)
    for given in (None, key.fingerprint):
        told = statement.authenticate(kept / name, given)
        assert (told.exit_code, told.text().split(":")[0]) == (3, "Kan ikke efterprøves")


def test_a_workbook_saved_by_another_program_is_called_that(kept: Path) -> None:
    path = kept / "2023-01.xlsx"
    openpyxl.load_workbook(path).save(path)
    assert zipfile.is_zipfile(path)
    told = statement.authenticate(path)
    assert "gemt igen af et andet program" in told.text() and not told.problems


# page -> page
PAGES: dict[str, tuple[Callable[[str], str], int, str]] = {
    "another_amount": (lambda p: p.replace("300,00", "900,00", 1), 4, "det, der vises, er ikke"),
    "a_word_more": (lambda p: p.replace("</main>", "<p>nej</p></main>"), 4, "det, der vises"),
    "two_documents": (
        lambda p: p.replace("</main>", '</main><script type="application/json">{}</script>'),
        4, "flere opgørelser",
    ),
    "no_document": (lambda p: p.replace("application/json", "text/plain"), 4, "programmer i sig"),
    "a_program": (lambda p: p.replace("</main>", "</main><script>1</script>"), 4, "programmer"),
    "another_look": (lambda p: p.replace("#a3195b", "#000000"), 0, "papiret omkring tallene"),
    "other_blanks": (lambda p: p.replace("\n<section>", "\n\n <section>"), 0, "papiret omkring"),
    "another_picture": (lambda p: p.replace("<path ", "<path opacity='0' "), 0, "papiret omkring"),
    "the_same": (lambda p: p, 0, "papiret omkring tallene"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "code", "said"), PAGES.values(), ids=PAGES)
# Rule S.verify
def test_a_page_without_its_signature_shows_what_its_document_says(
    kept: Path, key: StatementKey, change: Callable[[str], str], code: int, said: str
) -> None:
    (kept / "2023-01.html.sig").unlink()
    path = kept / "2023-01.html"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    told = statement.authenticate(path, key.fingerprint)
    assert told.exit_code == code, told.text()
    assert said in told.text()


# the annex ----------------------------------------------------------------------------------------


# Rules S.annex, S.verify
def test_the_annex_holds_the_lines_that_the_figures_name(kept: Path, key: StatementKey) -> None:
    annex = kept / "2023-01-bilag.json"
    for name in NAMES[:3]:
        told = statement.authenticate(kept / name, key.fingerprint, annex)
        assert "bilagets linjer er dem, tallene nævner, og giver dem" in told.checked
        assert not told.unchecked
    assert "--annex" in statement.authenticate(kept / NAMES[0]).text()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda a: a["rows"][0].update(course="en-anden"), "linjerne er ikke dem"),
        (lambda a: a["rows"][0].update(new="1.00"), "forskellen er ikke ny minus gammel"),
        (lambda a: a["rows"].append(a["rows"][0]), "linjerne giver ikke tallenes dele"),
        (lambda a: a["rows"].clear(), "linjerne er ikke dem"),
        (lambda a: a.update(statement_sha256="0" * 64), "bilaget er en anden opgørelses"),
        (lambda a: a.update(period="2023-04"), "bilaget er en anden opgørelses"),
        (lambda a: a.update(rows=None), "det kan ikke læses"),
        (lambda a: a.update(kind="afregning"), "bilaget er intet bilag"),
    ],
)
# Rule S.annex
def test_an_annex_of_other_lines_is_found(
    kept: Path, key: StatementKey, change: Callable[[Document], None], problem: str
) -> None:
    annex = load(kept / "2023-01-bilag.json")
    change(annex)
    path = save(kept / "bilag.json", annex, key)
    assert problem in statement.authenticate(kept / "2023-01.json", None, path).text()


def test_an_annex_by_itself_is_what_it_says(kept: Path, key: StatementKey) -> None:
    annex = load(kept / "2023-01-bilag.json")
    annex["rows"][0]["course"] = "en-anden"
    told = statement.authenticate(save(kept / "bilag.json", annex, key))
    assert told.exit_code == 4 and "ikke dem, som bilaget nævner" in told.text()
    unsigned = kept / "usigneret.json"
    unsigned.write_text(canonical_json(_bare(load(kept / "2023-01-bilag.json"))) + "\n")
    told = statement.authenticate(kept / "2023-01.json", None, unsigned)
    assert "underskriften er ikke dets" in told.text()
    strangers = save(kept / "fremmed.json", load(kept / "2023-01-bilag.json"), STRANGER)
    told = statement.authenticate(kept / "2023-01.json", None, strangers)
    assert "en anden nøgle end opgørelsen" in told.text()


# Rule S.annex
def test_the_provider_gets_own_courses_with_totals_and_headroom(world: World) -> None:
    paths = statement.write_statement(world.settings, CONTRACT, "2023-01", provider=True)
    names = {path.name: path for path in paths}
    assert sorted(names) == [
        "2023-01-bilag-leverandør.json", "2023-01-bilag-leverandør.xlsx",
        "2023-01-bilag-leverandør.xlsx.sig",
    ]  # fmt: skip
    told = load(names["2023-01-bilag-leverandør.json"])
    assert {"courses", "months", "mismatches", "totals", "headroom"} <= set(told)
    assert told["totals"]["payment_dkk"] == "300.00"
    assert told["as_of_date"] == "2023-05-01"
    front = openpyxl.load_workbook(names["2023-01-bilag-leverandør.xlsx"])["Bilag"]
    assert ("Forløb og måneder, som de var kendt", "1. maj 2023") in front.values
    assert [line["course"] for line in told["rows"]] == ["f1"]
    for name in names:
        if not name.endswith(".sig"):
            assert statement.authenticate(names[name]).is_valid
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    (settlement, *_) = statement.write_statement(world.settings, CONTRACT, "2023-01")
    assert statement.authenticate(settlement, None, names["2023-01-bilag-leverandør.json"]).is_valid


def test_a_file_of_another_kind_is_wrong_usage(tmp_path: Path, kept: Path) -> None:
    with pytest.raises(UsageError):
        statement.authenticate(tmp_path / "findes-ikke.json")
    with pytest.raises(UsageError):
        statement.authenticate(kept / "2023-01.json", None, kept / "2023-01-bilag.xlsx")
    with pytest.raises(UsageError, match=r"^USAGE: … findes ikke"):
        statement.authenticate(tmp_path / "610190-1234.json")


# format 1 -----------------------------------------------------------------------------------------


def old(document: Document, lines: list[Document]) -> Document:
    """The same statement as the program of format 1 wrote it."""
    from dagster_project.lib.statement.figures import as_format_1

    told = copy.deepcopy(_bare(document))
    del told["kind"], told["provenance"]["heads"]
    figures = as_format_1(told["figures"], lines)
    figures["terms_sha256"] = sha256_json(told["provenance"]["terms"])
    told |= {"format": 1, "figures": figures, "statement_sha256": figures_sha256(figures)}
    told |= {"events": [], "chain": [], "state": {"state": "draft", "is_superseded": False}}
    return {**told, "document_sha256": sha256_json(told)}


# Rules S.verify, S.frozen
def test_a_statement_of_format_1_verifies_for_ever_but_is_not_signed(
    kept: Path, key: StatementKey
) -> None:
    rows = load(kept / "2023-01-bilag.json")["rows"]
    lines = [{k: v for k, v in row.items() if not k.startswith("cause")} for row in rows]
    document = old(load(kept / "2023-01.json"), lines)
    path = kept / "gammel.json"
    path.write_text(canonical_json(document) + "\n", encoding="utf-8")
    told = statement.authenticate(path)
    assert told.exit_code == 0, told.text()
    assert told.text().startswith("Hænger sammen, men er ikke underskrevet")
    assert statement.authenticate(path, key.fingerprint).exit_code == 4
    document["figures"]["lines"][0]["new"] = "301.00"
    path.write_text(canonical_json(document) + "\n", encoding="utf-8")
    assert statement.authenticate(path).exit_code == 4


def test_leaving_the_signature_out_does_not_make_a_statement_an_old_one(kept: Path) -> None:
    document = _bare(load(kept / "2023-01.json")) | {"format": 1}
    del document["kind"]
    document["document_sha256"] = sha256_json(document)
    path = kept / "2023-01.json"
    path.write_text(canonical_json(document) + "\n", encoding="utf-8")
    assert statement.authenticate(path).exit_code == 4
