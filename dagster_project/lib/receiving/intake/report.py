"""What a refused file's owner reads: code, row numbers, column, rule, remedy; never a value.

What belongs here: the Danish words of every code, and the report beside a refused file. What does
not: finding anything.
"""

from __future__ import annotations

import json
from pathlib import Path

from dagster_project.lib.base import files
from dagster_project.lib.base.canonical import canonical_json
from dagster_project.lib.receiving.intake.register import Record, Register
from dagster_project.lib.receiving.judging.findings import Finding

# code: (what is wrong, what to do)
WORDS: dict[str, tuple[str, str]] = {
    "FILE_EMPTY": (
        "Filen indeholder ingen rækker.",
        "Send udtrækket igen. En tom fil betyder aldrig „ingen personer“.",
    ),
    "FILE_NAME": (
        "Filnavnet følger ikke reglen, eller det indeholder en lang talrække.",
        (
            "Navngiv filen <kilde>_<udtræksdato>[_<fra>_<til>][_<afsender>][_v<N>].<type> med"
            " datoer"
            " som"
            " ÅÅÅÅ-MM-DD, uden personnumre eller andre lange tal."
        ),
    ),
    "FILE_CHECKSUM": (
        "Filen svarer ikke til kontrolsummen i .sha256-filen ved siden af.",
        "Filen er formentlig beskadiget undervejs. Send både fil og kontrolsum igen.",
    ),
    "FILE_ENCODING": (
        "Filen er ikke ren UTF-8-tekst (forkert tegnsæt, dobbelt omsætning eller nul-tegn).",
        "Gem filen som „CSV UTF-8“ direkte fra fagsystemet, og send den igen.",
    ),
    "FILE_FORMAT": (
        "Filen kan ikke læses som den type, navnet angiver.",
        "Gem den igen i den rigtige type (uden adgangskode), eller ret filendelsen.",
    ),
    "FILE_LIMIT": (
        (
            "Filen overskrider en grænse, eller den indeholder noget, der ikke hører hjemme i en"
            " datafil"
            " (makroer, links til andre filer, for mange kolonner, for lange linjer, et link i"
            " stedet"
            " for"
            " en fil)."
        ),
        "Send kun selve data som en almindelig fil. Del store filer op efter periode.",
    ),
    "DELIVERY_CONFLICT": (
        (
            "Der findes en anden fil med samme kilde, datoer, afsender og version, men med andet"
            " indhold."
        ),
        "Send den rigtige fil som en ny version: sæt _v2 (eller højere) før filendelsen.",
    ),
    "WINDOW_INVALID": (
        (
            "Perioden i navnet (eller ugekolonnerne) mangler, vender forkert, har huller eller går"
            " længere"
            " frem end udtræksdatoen."
        ),
        "Ret perioden, så fra-dato ≤ til-dato ≤ udtræksdato, og så den svarer til indholdet.",
    ),
    "HEADER_MISSING": ("En kolonne mangler.", "Tilføj kolonnen med præcis denne overskrift."),
    "HEADER_UNKNOWN": (
        "Filen har en overskrift, som kilden ikke kender.",
        "Ret overskriften (præcis stavning) eller fjern kolonnen.",
    ),
    "HEADER_DUPLICATE": ("En overskrift står to gange.", "Fjern den ene kolonne."),
    "ROW_WIDTH": (
        (
            "Rækken har ikke lige så mange felter som overskriften (eller et anførselstegn lukkes"
            " ikke)."
        ),
        "Ret rækken: skilletegn i tekst kræver anførselstegn om feltet.",
    ),
    "CELL_TYPE": (
        "Cellen er en formel, en fejl eller af en anden type end kolonnen tillader.",
        "Formatér kolonnen som tekst og indsæt værdierne (ikke formler), uden flettede celler.",
    ),
    "CPR_LENGTH": (
        "Personnummeret er ikke ti cifre (eventuelt med bindestreg efter det sjette).",
        "Formatér kolonnen som tekst, så foranstillede nuller bevares, og send filen igen.",
    ),
    "CPR_DATE": (
        "Personnummerets første seks cifre er ikke en dato.",
        "Ret personnummeret ved kilden.",
    ),
    "DATE_FORMAT": (
        (
            "Datoen eller måneden er ikke skrevet som reglen kræver, eller den findes ikke i"
            " kalenderen."
        ),
        "Skriv datoer som ÅÅÅÅ-MM-DD og måneder som ÅÅÅÅ-MM (jobindsats: ÅÅÅÅMmm).",
    ),
    "NUMBER_FORMAT": (
        (
            "Tallet er ikke skrevet som reglen kræver (decimalkomma, ingen tusindtalsprik, ikke for"
            " mange"
            " decimaler)."
        ),
        "Ret talformatet. Der afrundes aldrig.",
    ),
    "CODE_UNKNOWN": (
        "Ydelseskoden eller ydelsesnavnet står ikke i tabellen.",
        "Ret koden, eller bed en fagperson om at føje den til tabellen.",
    ),
    "PERIOD_REVERSED": ("Slutdatoen ligger før startdatoen.", "Ret de to datoer."),
    "VALUE_NOT_ALLOWED": (
        "Værdien er ikke tilladt i kolonnen.",
        "Brug en af de tilladte værdier, præcis stavet. Et id må ikke indeholde et personnummer.",
    ),
    "VALUE_MISSING": ("Værdien mangler.", "Udfyld feltet."),
    "SHARE_RANGE": (
        "Andelen er ikke større end 0 og højst 1.",
        "Skriv andelen af fuld tid som et tal mellem 0 og 1, fx 0,5.",
    ),
    "KEY_DUPLICATE": (
        "Den samme nøgle står i flere rækker.",
        "Behold én række pr. nøgle.",
    ),
    "CONTRACT_UNKNOWN": (
        "Kontraktens id findes ikke blandt de indlæste kontrakter.",
        "Ret kontrakt_id, eller læg kontraktfilen ind først.",
    ),
    "CHAIN_INVALID": (
        "Nye personnumre danner en ring, eller et nummer har fået to efterfølgere.",
        "Ret hændelserne nyt_cpr ved kilden.",
    ),
    "ROW_COUNT_HELD": (
        (
            "Antallet af rækker pr. dag afviger meget fra de seneste leverancer; filen er"
            " tilbageholdt."
        ),
        (
            "Undersøg filen. Er den rigtig, så åbn den: effekt accept SHA256 row_count --as NAVN"
            " --reason"
            " TEKST."
        ),
    ),
}
TYPE_WORDS = {
    "cpr": "personnummer",
    "benefit_code": "ydelseskode (tre cifre)",
    "benefit_name": "ydelsesnavn",
    "area": "kommunenavn",
    "contract": "kontrakt-id",
    "text": "tekst",
    "choice": "en af de tilladte værdier",
    "yes_no": "en af de tilladte værdier",
    "digits": "cifre",
    "date": "dato ÅÅÅÅ-MM-DD",
    "month": "måned ÅÅÅÅ-MM",
    "statistics_month": "måned ÅÅÅÅMmm",
    "number": "tal (decimalkomma)",
}
_PLACES = {
    "antal": "antallet af rækker",
    "byte": "filens størrelse",
    "date": "en dato i navnet findes ikke i kalenderen",
    "digits": "navnet indeholder seks eller flere cifre i træk",
    "link": "et link eller andet, der ikke er en almindelig fil",
    "missing": "navnet mangler en periode",
    "months": "perioden er ikke hele måneder",
    "order": "fra-dato, til-dato og udtræksdato følger ikke efter hinanden",
    "pattern": "kildens navn, rækkefølgen af navnets dele, eller filtypen",
    "unexpected": "navnet har en periode, men kilden har ingen",
    "weeks": "ugekolonnerne er ikke sammenhængende uger, eller de svarer ikke til navnets periode",
}
_IN_THE_TEMPLATE = (
    "Brug en af de tilladte værdier, præcis stavet. De står i kildens skabelon: effekt template"
    " KILDE."
)
_REMEDIES = {
    ("WINDOW_INVALID", "unexpected"): "Fjern perioden (de to sidste datoer) af filnavnet.",
    ("WINDOW_INVALID", "missing"): "Sæt periodens to datoer efter udtræksdatoen i filnavnet.",
    ("VALUE_NOT_ALLOWED", "choice"): _IN_THE_TEMPLATE,
    ("VALUE_NOT_ALLOWED", "yes_no"): _IN_THE_TEMPLATE,
    ("FILE_FORMAT", "uventet fejl"): (
        "Filen ramte en fejl i programmet. Den er gemt; giv driften denne besked."
    ),
    ("FILE_NAME", "type"): "Gem filen som en af de typer, kilden modtager.",
}
_UNKNOWN = ("Filen er afvist.", "Kontakt driften.")


def words_of(code: str) -> tuple[str, str]:
    """What is wrong and what to do, in Danish."""
    return WORDS.get(code, _UNKNOWN)


def words_for(finding: Finding) -> tuple[str, str]:
    """What is wrong and what to do, in Danish, where the detail of a finding says more."""
    rule, remedy = words_of(finding.code)
    return rule, _REMEDIES.get((finding.code, finding.detail.split(":")[0]), remedy)


def in_words(finding: Finding) -> dict[str, object]:
    """A finding as plain mapping, with its Danish words."""
    rule, remedy = words_for(finding)
    return {**finding.as_json(), "rule": rule, "remedy": remedy}


def _where(detail: str, code: str) -> str:
    """A detail as a Dane reads it: what was expected, never a value of the file."""
    if detail in TYPE_WORDS and code not in ("FILE_NAME", "WINDOW_INVALID"):
        return f"ventet er {TYPE_WORDS[detail]}"
    return _PLACES.get(detail, detail)


def describe(finding: Finding) -> str:
    """One finding as Danish text."""
    rule, remedy = words_for(finding)
    lines = [f"{finding.code}: {rule}"]
    if finding.column:
        lines.append(f"  Kolonne: {finding.column}")
    if finding.rows:
        shown = ", ".join(map(str, finding.rows))
        more = finding.row_total - len(finding.rows)
        lines.append(f"  Række: {shown}" + (f" og {more} til" if more > 0 else ""))
    if finding.detail:
        lines.append(f"  Hvor: {_where(finding.detail, finding.code)}")
    lines.append(f"  Gør sådan: {remedy}")
    return "\n".join(lines)


def _as_json(record: Record) -> dict[str, object]:
    return {
        "file_name": record.file_name,
        "sha256": record.sha256,
        "source": record.source,
        "delivery_id": record.delivery_id,
        "code": record.code,
        "row_count": record.row_count,
        "rejected_rows": record.rejected_rows,
        "findings": [in_words(finding) for finding in record.findings],
    }


def _as_text(record: Record) -> str:
    head = f"Filen {record.file_name} er afvist ({record.code}). Intet i den er indlæst."
    counted = "Rækkenumre tæller fra første række efter overskriften."
    return "\n\n".join([head, counted, *map(describe, record.findings)])


def write_reports(quarantine: Path, register: Register, sha256: str) -> None:
    """Write ``<sha256>.json`` and ``<sha256>.txt`` beside a refused file, from the register."""
    records = [r for r in register.records() if r.sha256 == sha256 and not r.is_accepted]
    data = json.loads(canonical_json([_as_json(record) for record in records]))
    text = json.dumps({"refused": data}, ensure_ascii=False, indent=2)
    files.write_atomic(quarantine / f"{sha256}.json", text + "\n")
    files.write_atomic(quarantine / f"{sha256}.txt", "\n\n".join(map(_as_text, records)) + "\n")
