"""Authenticating a document of a settlement without its home: who signed it, and does it add up.

What belongs here: what a file holds, its signature, and what could not be checked. What does not:
recomputing the content (``recomputing``), and whether the municipality's ledger is the same (only
its head can show that).

Rules: S.verify, S.signature.
Decides: S.verify.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.lib.base.canonical import canonical_json, sha256_json
from dagster_project.lib.base.errors import EXIT_DIFFERENT, EXIT_OK, EXIT_REFUSED, UsageError
from dagster_project.lib.base.person_numbers import shown
from dagster_project.lib.base.strict_json import parse_strictly
from dagster_project.lib.keys import sealing, signatures
from dagster_project.lib.publishing.code_version import code_version
from dagster_project.lib.statement import recomputing

Document = Mapping[str, Any]
MAX_BYTES = 512 * 1024 * 1024
STATEMENT, ANNEX = "afregning", "bilag"
_FORMAT = 2
_SEPARATORS = str.maketrans("", "", " :-")
_KEY_UNKNOWN = (
    "nøglen er ikke bekræftet: sammenlign dens fingeraftryk med det, kommunen har oplyst,"
    " eller giv det med --key"
)


@dataclass
class Verdict:
    """What was checked, what could not be, and what is wrong.

    ``differs`` says that the file is not the one that was signed, though nothing in it is wrong.
    ``is_paper_checked`` is false where only the document inside the file could be checked.
    """

    file_name: str
    statement_sha256: str | None = None
    state: str | None = None
    fingerprint: str | None = None
    is_key_confirmed: bool = False
    is_paper_checked: bool = True
    checked: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def is_checkable(self) -> bool:
        """Whether anything in the file could be checked."""
        return bool(self.checked or self.problems or self.differs)

    @property
    def is_valid(self) -> bool:
        """Whether the file could be checked and everything that was checked holds."""
        return self.is_checkable and not self.problems and not self.differs

    @property
    def exit_code(self) -> int:
        """0 where it holds, 4 where it does not, 3 where nothing could be checked."""
        if self.is_valid:
            return EXIT_OK
        return EXIT_DIFFERENT if self.is_checkable else EXIT_REFUSED

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {
            "file": self.file_name, "is_valid": self.is_valid, "is_checkable": self.is_checkable,
            "is_key_confirmed": self.is_key_confirmed, "is_paper_checked": self.is_paper_checked,
            "key_fingerprint": self.fingerprint,
            "state": self.state, "statement_sha256": self.statement_sha256,
            "checked": self.checked, "unchecked": self.unchecked, "differs": self.differs,
            "problems": self.problems,
        }  # fmt: skip

    def text(self) -> str:
        """The verdict for a person, in Danish."""
        lines = [f"{self._head()}: {self.file_name}"]
        if self.statement_sha256:
            lines.append(f"Opgørelsens sha256: {self.statement_sha256}")
        if self.fingerprint:
            lines.append(f"Nøglens fingeraftryk: {self.fingerprint}")
        lines += [f"  ✓ {check}" for check in self.checked]
        lines += [f"  ? {left}" for left in self.unchecked]
        lines += [f"  ✗ {problem}" for problem in [*self.differs, *self.problems]]
        return "\n".join(lines)

    def _head(self) -> str:
        if self.problems:
            return "IKKE i orden"
        if self.differs:
            return "Ikke den fil, der blev underskrevet"
        if not self.is_checkable:
            return "Kan ikke efterprøves"
        if not self.is_paper_checked:
            return "Kun tallene i filen er efterprøvet, ikke det, der vises"
        if self.is_key_confirmed:
            return "I orden"
        if self.fingerprint:
            return "Hænger sammen, men nøglen er ikke bekræftet"
        return "Hænger sammen, men er ikke underskrevet"


def authenticate(path: Path, key: str | None = None, annex: Path | None = None) -> Verdict:
    """Authenticate a document of a settlement offline, without a home.

    Args:
        path: a settlement as JSON, HTML, PDF or XLSX, or an annex as JSON or XLSX.
        key: fingerprint of the key as the municipality has given it.
        annex: the annex (JSON) whose lines the settlement's figures must name.

    Raises:
        UsageError: a file cannot be read or is of another kind, or the key is no fingerprint
            (exit 2).
    """
    wanted = None if key is None else key.translate(_SEPARATORS).lower()
    if wanted is not None and not signatures.is_fingerprint(wanted):
        raise UsageError("--key skal være et fingeraftryk: 32 tegn, 0-9 og a-f")
    reader = _READERS.get(path.suffix.lower())
    _require_file(path, is_known=reader is not None)
    verdict = Verdict(path.name)
    text = reader(path, verdict) if reader else None
    document = None if text is None else _parsed(text, verdict)
    if document is not None:
        _check_document(document, wanted, verdict)
        if path.suffix.lower() == ".json" and text != canonical_json(document) + "\n":
            verdict.unchecked.append(
                "filen er gemt igen af et andet program; dens indhold er det, der er efterprøvet"
            )
    if path.suffix.lower() != ".json":
        _check_paper(path, document, wanted, verdict)
    if annex is not None:
        _check_annex(document, annex, verdict)
    elif document is not None and document.get("kind") != ANNEX:
        _miss_lines(document, verdict)
    return verdict


def _require_file(path: Path, *, is_known: bool) -> None:
    if not path.exists():
        raise UsageError(f"{shown(path.name)} findes ikke", remedy="angiv stien til en opgørelse")
    if not is_known or not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise UsageError(
            f"{shown(path.name)} er ingen opgørelse, der kan efterprøves",
            remedy="angiv en opgørelse: .json, .html, .xlsx eller .pdf",
        )


# what the file holds ------------------------------------------------------------------------------


def _read_json(path: Path, verdict: Verdict) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        verdict.problems.append("filen er ingen tekst i UTF-8")
        return None


def _read_html(path: Path, verdict: Verdict) -> str | None:
    from dagster_project.lib.statement import web

    page = _read_json(path, verdict)
    if page is None:
        return None
    try:
        found = web.documents_of(page)
    except (AssertionError, *recomputing.MALFORMED):  # the first is html.parser's own
        verdict.problems.append("siden kan ikke læses")
        return None
    if found is None:
        verdict.problems.append("siden har programmer i sig, som opgørelser ikke har")
        return None
    return _the_one(found, "siden", verdict)


def _read_pdf(path: Path, verdict: Verdict) -> str | None:
    from dagster_project.lib.statement import paper

    raw = path.read_bytes()
    if paper.is_revised(raw):
        verdict.problems.append(
            "PDF-filen har flere opgørelser i sig eller er ændret, efter at den blev skrevet"
        )
        return None
    found = paper.documents_of(raw)
    if not found:
        return None
    return _the_one(found, "PDF-filen", verdict)


def _the_one(found: list[str], what: str, verdict: Verdict) -> str | None:
    if len(found) == 1:
        return found[0]
    count = "flere opgørelser" if found else "ingen opgørelse"
    verdict.problems.append(f"{what} har {count} i sig")
    return None


def _read_xlsx(_path: Path, _verdict: Verdict) -> None:
    """A workbook holds no document: only its signature can speak for it."""


_READERS: dict[str, Callable[[Path, Verdict], str | None]] = {
    ".json": _read_json, ".html": _read_html, ".pdf": _read_pdf, ".xlsx": _read_xlsx,
}  # fmt: skip


def _parsed(text: str, verdict: Verdict) -> Document | None:
    try:
        document = parse_strictly(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        verdict.problems.append("dokumentet kan ikke læses")
        return None
    return document


# what the document claims -------------------------------------------------------------------------


def _check_document(document: Document, wanted: str | None, verdict: Verdict) -> None:
    if not _is_old(document) and not _is_known(document):
        verdict.problems.append("dokumentet er af en ukendt slags eller et ukendt format")
    _check_seal(document, wanted, verdict)
    if document.get("kind") == ANNEX:
        _check_own_lines(document, verdict)
    else:
        checked, problems = recomputing.check(document)
        verdict.checked += checked
        verdict.problems += problems
    named = document.get("statement_sha256")
    verdict.statement_sha256 = named if recomputing.is_statement_sha256(named) else None
    if not verdict.problems and document.get("kind") != ANNEX:
        verdict.state = document["state"]["state"]


def _check_seal(document: Document, wanted: str | None, verdict: Verdict) -> None:
    if _is_old(document):
        _check_old_seal(document, verdict)
        if wanted is not None:
            verdict.problems.append("dokumentet er ikke underskrevet, heller ikke med den nøgle")
        return
    if not sealing.is_sealed(document):
        verdict.problems.append("underskriften mangler eller er ikke dokumentets")
        return
    _check_key(document["public_key"], wanted, verdict)
    verdict.checked.append("underskriften er dokumentets")


def _is_known(document: Document) -> bool:
    """Whether a document says of itself what the product writes."""
    kind, written = document.get("kind"), document.get("format")
    return kind in (STATEMENT, ANNEX) and type(written) is int and written == _FORMAT


def _is_old(document: Document) -> bool:
    """Whether a document is of format 1: not signed, its lines among the figures."""
    figures = document.get("figures")
    written = document.get("format")
    is_old = type(written) is int and written == 1 and not {"kind", "signature"} & set(document)
    return is_old and isinstance(figures, dict) and "format" not in figures


def _check_old_seal(document: Document, verdict: Verdict) -> None:
    """Documents of format 1 were not signed; they carry the hash of their own content."""
    kept = {name: value for name, value in document.items() if name != "document_sha256"}
    if sha256_json(kept) != document.get("document_sha256"):
        verdict.problems.append("dokumentet er ændret, siden det blev lavet")
    verdict.unchecked.append(
        "hvem der har lavet dokumentet: opgørelser af format 1 blev ikke underskrevet"
    )


def _check_key(public_key: str, wanted: str | None, verdict: Verdict) -> None:
    found = signatures.fingerprint(public_key)
    if verdict.fingerprint not in (None, found):
        verdict.problems.append("filen og dokumentet i den er underskrevet med hver sin nøgle")
    is_first = verdict.fingerprint is None
    verdict.fingerprint = verdict.fingerprint or found
    if wanted is None:
        if is_first:
            verdict.unchecked.append(_KEY_UNKNOWN)
    elif found != wanted:
        verdict.problems.append("der er underskrevet med en anden nøgle end den, der er oplyst")
    else:
        verdict.is_key_confirmed = True


def _check_own_lines(document: Document, verdict: Verdict) -> None:
    """An annex by itself: its lines are those that it hashes."""
    try:
        lines = recomputing.lines_of(document["rows"])
        problems = list(recomputing.check_differences(lines))
        if document["lines"] != {"count": len(lines), "sha256": sha256_json(lines)}:
            problems.append("linjerne er ikke dem, som bilaget nævner")
    except recomputing.MALFORMED:
        problems = [recomputing.UNREADABLE]
    verdict.problems += [f"linjer: {problem}" for problem in problems]
    if not problems:
        verdict.checked.append("linjernes sha256 og forskelle")
    verdict.unchecked.append(
        "om linjerne er opgørelsens: brug --verify på opgørelsen med --annex på bilaget"
    )


def _miss_lines(document: Document, verdict: Verdict) -> None:
    if verdict.problems:
        return
    if isinstance(document["figures"]["lines"], dict):
        verdict.unchecked.append("linjerne selv: giv bilaget med --annex")
    if recomputing.needs_lines(document):
        verdict.unchecked.append(
            "tallenes sha256, som i format 1 også dækker linjerne: giv bilaget med --annex"
        )


def _check_annex(document: Document | None, path: Path, verdict: Verdict) -> None:
    """The lines of the annex are the ones that the settlement's figures name."""
    _require_file(path, is_known=path.suffix.lower() == ".json")
    if document is None or document.get("kind") == ANNEX:
        verdict.unchecked.append("bilaget: filen har ingen opgørelse i sig, der nævner dets linjer")
        return
    own = Verdict(path.name)
    text = _read_json(path, own)
    annex = None if text is None else _parsed(text, own)
    if (
        annex is None
        or annex.get("kind") != ANNEX
        or not _is_known(annex)
        or not sealing.is_sealed(annex)
    ):
        verdict.problems.append("bilaget er intet bilag, eller underskriften er ikke dets")
        return
    if annex["public_key"] != document.get("public_key"):
        verdict.problems.append("bilaget er underskrevet med en anden nøgle end opgørelsen")
    try:
        problems = list(recomputing.check_lines(document, recomputing.lines_of(annex["rows"])))
        figures = document["figures"]
        named = (annex["statement_sha256"], annex["contract"], annex["period"])
        if named != (document["statement_sha256"], figures["contract"], figures["period"]):
            problems.append("bilaget er en anden opgørelses")
    except recomputing.MALFORMED:
        problems = [recomputing.UNREADABLE]
    verdict.problems += [f"bilag: {problem}" for problem in problems]
    if not problems:
        verdict.checked.append("bilagets linjer er dem, tallene nævner, og giver dem")


# the paper around it ------------------------------------------------------------------------------


def _check_paper(
    path: Path, document: Document | None, wanted: str | None, verdict: Verdict
) -> None:
    """Whether the file around the document is the one that was signed."""
    try:
        found = sealing.signature_beside(path)
    except sealing.WrongSignatureError:
        verdict.problems.append(f"{sealing.SUFFIX}-filen er ingen underskrift")
        return
    if found is None:
        _check_unsigned_paper(path, document, verdict)
        return
    public_key, is_of_file = found
    _check_key(public_key, wanted, verdict)
    if is_of_file:
        verdict.checked.append("filen er underskrevet, byte for byte")
    else:
        verdict.differs.append(
            f"{sealing.SUFFIX}-filen er ikke disse bytes': filen er gemt igen af et andet program"
            " eller ændret, eller underskriften er en anden fils; bed om filen igen"
        )


def _check_unsigned_paper(path: Path, document: Document | None, verdict: Verdict) -> None:
    """The paper around a document is not checked without its signature, but a page's words are.

    A picture can be drawn again by the program that drew it, and that is none for an offline check
    (V8 and altair): so nothing here says that all of a page is right.
    """
    if document is None:
        if not verdict.problems:
            verdict.unchecked.append(
                "filen har intet i sig, der kan efterprøves, uden "
                f"{shown(path.name)}{sealing.SUFFIX} ved siden af"
            )
        return
    try:
        is_other = not verdict.problems and _has_other_words(path, document)
    except recomputing.MALFORMED:
        verdict.problems.append("dokumentets indhold har ikke den form, som opgørelser har")
        return
    if is_other:
        verdict.problems.append("det, der vises, er ikke det, dokumentet siger")
        return
    verdict.is_paper_checked = False
    verdict.unchecked.append(
        f"papiret omkring tallene: der er ingen {shown(path.name)}{sealing.SUFFIX} ved siden af"
    )


def _has_other_words(path: Path, document: Document) -> bool:
    """Whether a page shows other words than its document gives; its pictures are not looked at."""
    from dagster_project.lib.statement import view, web

    if document["provenance"]["code_version"] != code_version() or "kind" not in document:
        return False
    shown = view.build(document)
    if path.suffix.lower() == ".pdf":
        return False
    page, drawn = path.read_bytes().decode("utf-8-sig"), web.render(shown, canonical_json(document))
    return web.words_of(page) != web.words_of(drawn)
