"""One-token mutants of a model's or macro's text, in the order of the text.

What belongs here: which changes are made. A mutant is an edit of the file as it is written, so that
it renders to SQL that can be pasted; Jinja is masked by a name of the same length, and the SQL
inside its strings is mutated as well. What does not: whether anything notices.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import TokenError
from sqlglot.tokens import Token, TokenType

from tests.mutation.sources import JINJA, Source

T = TokenType
COMPARED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "=", "!=": "="}
SIGNS = {"+": "-", "-": "+"}
_PAIRS = (
    ("min", "max"), ("least", "greatest"), ("arg_min", "arg_max"), ("bool_and", "bool_or"),
    ("lag", "lead"), ("first_value", "last_value"), ("floor", "ceil"), ("list_min", "list_max"),
)  # fmt: skip
FUNCTIONS = {a: b for one, other in _PAIRS for a, b in ((one, other), (other, one))}
UNITS = {
    "day": "week", "days": "weeks", "week": "month", "weeks": "days", "month": "year",
    "months": "days", "year": "month", "years": "months", "quarter": "month",
}  # fmt: skip
UNIT_FUNCTIONS = {"to_months": "to_years", "to_days": "to_weeks", "to_years": "to_months",
                  "to_weeks": "to_days"}  # fmt: skip
JOINS = {"inner": "left", "left": "inner", "anti": "semi", "semi": "anti"}
DATE_PARTS = {"date_trunc", "datediff", "date_diff", "date_part", "datepart"}
_STATUS = re.compile(r"'[a-zæøå][a-zæøå_ ]*'")
_STRINGS = re.compile(r"'[^']*'|\"[^\"]*\"")
_SQL_IN_STRING = re.compile(r"[-+<>=(]| ")
_CLAUSES = {T.WHERE, T.ON, T.HAVING, T.QUALIFY}
_ENDS = {
    T.WHERE, T.HAVING, T.QUALIFY, T.GROUP_BY, T.ORDER_BY, T.WINDOW, T.UNION, T.LIMIT, T.INNER,
    T.LEFT, T.ANTI, T.SEMI, T.JOIN, T.CROSS, T.ASOF, T.FULL, T.SELECT, T.ROWS, T.RANGE,
}  # fmt: skip
_DECIDED = {
    T.LT, T.LTE, T.GT, T.GTE, T.EQ, T.NEQ, T.IN, T.IS, T.NOT, T.BETWEEN, T.LIKE, T.EXISTS, T.AND,
    T.OR,
}  # fmt: skip
_OPERANDS_END = {T.VAR, T.NUMBER, T.STRING, T.R_PAREN, T.IDENTIFIER, T.R_BRACKET, T.END}


@dataclass(frozen=True)
class Mutant:
    """One change of one source; ``ident`` outlives moved lines and other edits of the file."""

    source: str
    area: str
    kind: str
    start: int
    end: int
    after: str
    before: str
    ident: str
    line: int

    def apply(self, text: str) -> str:
        """The source's text with the change made."""
        return text[: self.start] + self.after + text[self.end :]


@dataclass(frozen=True)
class _Edit:
    kind: str
    start: int
    end: int
    after: str


def mutants(source: Source) -> list[Mutant]:
    """Every mutant of a source, each text once."""
    text = source.text
    masked = _masked(text)
    tokens = _tokens(masked)
    edits = [*_local(tokens, masked, _statuses(text)), *_clauses(tokens, masked)]
    edits += [*_keys(tokens), *_cases(tokens, text)]
    for inner, offset in _jinja_strings(text):
        found = _local(_tokens(inner), inner, [])
        edits += [_Edit(e.kind, e.start + offset, e.end + offset, e.after) for e in found]
    edits += _jinja_lists(text)
    kept: dict[str, _Edit] = {}
    for edit in sorted(edits, key=lambda one: (one.start, one.end, one.kind, one.after)):
        changed = text[: edit.start] + edit.after + text[edit.end :]
        if changed != text:
            kept.setdefault(changed, edit)
    return _named(source, list(kept.values()))


def _named(source: Source, edits: list[_Edit]) -> list[Mutant]:
    """The edits with an id each: source, kind, what is around, a number where all that repeats."""
    seen: Counter[str] = Counter()
    found = []
    plain = _without_comments(source.text)
    for edit in edits:
        before = source.text[edit.start : edit.end]
        left = re.sub(r"^\S* ", "", _words(plain[: edit.start])[-32:])
        right = re.sub(r" \S*$", "", _words(plain[edit.end :])[:32])
        shown = f"{_short(before)} → {_short(edit.after)}"
        ident = f"{source.name} · {edit.kind} · {left.strip()} [{shown}] {right.strip()}"
        seen[ident] += 1
        if seen[ident] > 1:
            ident += f" #{seen[ident]}"
        line = source.text.count("\n", 0, edit.start) + 1
        found.append(
            Mutant(source.name, source.area, edit.kind, edit.start, edit.end, edit.after, before,
                   ident, line)
        )  # fmt: skip
    return found


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _short(text: str) -> str:
    words = _words(text).strip() or "∅"
    return words if len(words) <= 48 else f"{words[:30]}…{words[-16:]}"


def _without_comments(text: str) -> str:
    """The text with its SQL comments blanked, each character in its place."""
    return re.sub(r"--[^\n]*", lambda found: " " * len(found.group(0)), text)


def _masked(text: str) -> str:
    """The text with Jinja masked: expressions by a name, statements and comments by blanks."""

    def mask(found: re.Match[str]) -> str:
        piece = found.group(0)
        is_name = piece.startswith("{{") and "config(" not in piece
        return "j" + "_" * (len(piece) - 1) if is_name else " " * len(piece)

    return JINJA.sub(mask, text)


def _tokens(text: str) -> list[Token]:
    return list(DuckDB().tokenize(text))


def _jinja_strings(text: str) -> Iterator[tuple[str, int]]:
    """Strings inside Jinja that hold SQL, with their place."""
    for block in JINJA.finditer(text):
        piece = block.group(0)
        if piece.startswith("{#") or " macro " in piece or "ref(" in piece or "source(" in piece:
            continue
        for found in _STRINGS.finditer(piece):
            inner = found.group(0)[1:-1]
            if _SQL_IN_STRING.search(inner.strip()) and _is_whole(inner):
                yield inner, block.start() + found.start() + 1


def _is_whole(text: str) -> bool:
    """Whether a string of Jinja is SQL of its own: a piece that is glued to others may be torn."""
    try:
        _tokens(text)
    except TokenError:
        return False
    return True


def _jinja_lists(text: str) -> Iterator[_Edit]:
    """A name dropped from a list that a macro is called with: keys, counts."""
    for block in JINJA.finditer(text):
        for found in re.finditer(r"\[([^\[\]]*)\]", block.group(0)):
            items = list(_STRINGS.finditer(found.group(1)))
            base = block.start() + found.start(1)
            for place, item in enumerate(items):
                start, end = item.span()
                if place + 1 < len(items):
                    end = items[place + 1].start()
                elif place:
                    start = items[place - 1].end()
                yield _Edit("list item", base + start, base + end, "")


def _statuses(text: str) -> list[str]:
    """The words that a text compares with or returns, as written."""
    tokens = _tokens(_masked(text))
    found = {
        text[token.start : token.end + 1]
        for place, token in enumerate(tokens)
        if token.token_type == T.STRING and not _is_date_part(tokens, place)
    }
    return sorted(word for word in found if _STATUS.fullmatch(word))


def _is_date_part(tokens: list[Token], place: int) -> bool:
    return place >= 2 and tokens[place - 2].text.lower() in DATE_PARTS


def _local(tokens: list[Token], text: str, words: list[str]) -> Iterator[_Edit]:
    """Changes that one token decides by itself."""
    frames = _between_ands(tokens)
    types = _type_arguments(tokens)
    for place, token in enumerate(tokens):
        start, end = token.start, token.end + 1
        written = text[start:end]
        before = tokens[place - 1] if place else None
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        if written in COMPARED:
            yield _Edit("comparison", start, end, COMPARED[written])
        elif written in SIGNS:
            yield _Edit("sign", start, end, SIGNS[written])
        elif token.token_type in (T.AND, T.OR) and place not in frames:
            yield _Edit("and/or", start, end, "or" if token.token_type == T.AND else "and")
        elif token.token_type == T.NUMBER and written.isdigit() and place not in types:
            if before is not None and before.token_type == T.SELECT and _is_asked(tokens, place):
                continue  # exists asks for rows, whatever they hold
            yield _Edit("constant", start, end, str(int(written) + 1))
            if int(written):
                yield _Edit("constant", start, end, str(int(written) - 1))
        elif token.token_type in (T.TRUE, T.FALSE):
            yield _Edit("truth", start, end, "false" if token.token_type == T.TRUE else "true")
        elif token.token_type == T.STRING:
            yield from _string(tokens, place, written, words)
        else:
            yield from _word(tokens, place, written.lower(), before, after)


def _is_asked(tokens: list[Token], place: int) -> bool:
    """Whether ``select 1`` stands alone in ``exists (…)``."""
    return place >= 3 and tokens[place - 3].token_type == T.EXISTS


def _string(tokens: list[Token], place: int, written: str, words: list[str]) -> Iterator[_Edit]:
    token = tokens[place]
    if _is_date_part(tokens, place):
        unit = UNITS.get(written.strip("'"))
        if unit:
            yield _Edit("unit", token.start, token.end + 1, f"'{unit}'")
    elif written in words:
        other = words[(words.index(written) + 1) % len(words)] if len(words) > 1 else "'andet'"
        yield _Edit("word", token.start, token.end + 1, other)


def _word(
    tokens: list[Token], place: int, word: str, before: Token | None, after: Token | None
) -> Iterator[_Edit]:
    """Keywords and function names."""
    token = tokens[place]
    start, end = token.start, token.end + 1
    if after is not None and after.token_type == T.L_PAREN:
        if word in FUNCTIONS:
            yield _Edit("function", start, end, FUNCTIONS[word])
        elif word in UNIT_FUNCTIONS:
            yield _Edit("unit", start, end, UNIT_FUNCTIONS[word])
        elif word == "coalesce":
            yield from _coalesce(tokens, place + 1)
    is_joined = after is not None and after.token_type == T.JOIN
    if word in JOINS and (is_joined or token.token_type in (T.ANTI, T.SEMI)):
        yield _Edit("join", start, end, JOINS[word])
    elif token.token_type in (T.ASC, T.DESC):
        yield _Edit("direction", start, end, "asc" if word == "desc" else "desc")
    elif token.token_type == T.UNION and after is not None and after.token_type == T.ALL:
        yield _Edit("union", after.start, after.end + 1, "")
    elif token.token_type == T.DISTINCT and (after is None or after.token_type != T.ON):
        yield _Edit("distinct", start, end, "")
    elif word in UNITS and place >= 2 and tokens[place - 2].token_type == T.INTERVAL:
        yield _Edit("unit", start, end, UNITS[word])
    else:
        yield from _negation(token, before, after)


def _negation(token: Token, before: Token | None, after: Token | None) -> Iterator[_Edit]:
    """``not`` added where there is none, left out where there is one."""
    start, end = token.start, token.end + 1
    if token.token_type == T.IS and after is not None:
        if after.token_type == T.NOT:
            yield _Edit("not", after.start, after.end + 1, "")
        else:
            yield _Edit("not", end, end, " not")
    elif token.token_type == T.NOT and (before is None or before.token_type != T.IS):
        yield _Edit("not", start, end, "")
    elif token.token_type == T.IN and (before is None or before.token_type != T.NOT):
        yield _Edit("not", start, start, "not ")


def _coalesce(tokens: list[Token], opening: int) -> Iterator[_Edit]:
    """The default left out."""
    items = _split(tokens, opening + 1, _closing(tokens, opening), T.COMMA)
    if len(items) > 1:
        first, last = items[-1]
        yield _Edit("default", tokens[first - 1].start, tokens[last].end + 1, "")


def _closing(tokens: list[Token], opening: int) -> int:
    """Place of the parenthesis that closes one."""
    depth = 0
    for place in range(opening, len(tokens)):
        if tokens[place].token_type in (T.L_PAREN, T.L_BRACKET, T.L_BRACE):
            depth += 1
        elif tokens[place].token_type in (T.R_PAREN, T.R_BRACKET, T.R_BRACE):
            depth -= 1
            if depth == 0:
                return place
    return len(tokens)


def _split(tokens: list[Token], first: int, end: int, by: TokenType) -> list[tuple[int, int]]:
    """First and last places of what stands between separators, at the outer level."""
    found, depth, since = [], 0, first
    frames = _between_ands(tokens)
    for place in range(first, end):
        kind = tokens[place].token_type
        if kind in (T.L_PAREN, T.L_BRACKET, T.L_BRACE, T.CASE):
            depth += 1
        elif kind in (T.R_PAREN, T.R_BRACKET, T.R_BRACE, T.END):
            depth -= 1
        elif kind == by and depth == 0 and place not in frames:
            found.append((since, place - 1))
            since = place + 1
    if since < end:
        found.append((since, end - 1))
    return [(one, last) for one, last in found if one <= last]


def _until(tokens: list[Token], first: int, ends: set[TokenType]) -> int:
    """Where a clause ends: at a word that begins another, or where its parenthesis closes."""
    depth = 0
    for place in range(first, len(tokens)):
        kind = tokens[place].token_type
        if kind in (T.L_PAREN, T.L_BRACKET, T.L_BRACE, T.CASE):
            depth += 1
        elif kind in (T.R_PAREN, T.R_BRACKET, T.R_BRACE, T.END):
            depth -= 1
            if depth < 0:
                return place
        elif depth == 0 and kind in ends:
            is_function = (
                place + 1 < len(tokens)
                and tokens[place + 1].token_type == T.L_PAREN
                and kind in (T.LEFT,)
            )
            if not is_function:
                return place
    return len(tokens)


def _between_ands(tokens: list[Token]) -> set[int]:
    """The ``and`` of each ``between``."""
    found, waiting, depth = set(), [], 0
    for place, token in enumerate(tokens):
        if token.token_type == T.L_PAREN:
            depth += 1
        elif token.token_type == T.R_PAREN:
            depth -= 1
        elif token.token_type == T.BETWEEN:
            waiting.append(depth)
        elif token.token_type == T.AND and waiting and waiting[-1] == depth:
            waiting.pop()
            found.add(place)
    return found


def _type_arguments(tokens: list[Token]) -> set[int]:
    """Numbers that say how wide a type is."""
    found: set[int] = set()
    for place, token in enumerate(tokens):
        is_wide = token.text.lower() in ("decimal", "varchar", "numeric")
        if is_wide and place + 1 < len(tokens) and tokens[place + 1].token_type == T.L_PAREN:
            found |= set(range(place + 1, _closing(tokens, place + 1)))
    return found


def _clauses(tokens: list[Token], text: str) -> Iterator[_Edit]:
    """Conjuncts of where, on, having, qualify and filter: each left out, or turned round."""
    for place, token in enumerate(tokens):
        if token.token_type not in _CLAUSES or tokens[place - 1].token_type == T.DISTINCT:
            continue
        end = _until(tokens, place + 1, _ENDS)
        parts = _split(tokens, place + 1, end, T.AND)
        yield from _dropped(tokens, parts, "conjunct")
        if len(parts) == 1 and _split(tokens, place + 1, end, T.OR) == parts:
            yield _whole_clause(tokens, place, end)
        for first, last in parts:
            if _is_plain(tokens, first, last):
                yield _Edit("not", tokens[first].start, tokens[first].start, "not ")
    for place, token in enumerate(tokens):
        if token.token_type == T.WHEN:
            end = next(p for p in range(place, len(tokens)) if tokens[p].token_type == T.THEN)
            if _is_plain(tokens, place + 1, end - 1) and not _is_value_case(tokens, place):
                yield _Edit("not", tokens[place + 1].start, tokens[place + 1].start, "not ")


def _whole_clause(tokens: list[Token], place: int, end: int) -> _Edit:
    """A clause of one condition, left out."""
    start, stop = tokens[place].start, tokens[end - 1].end + 1
    if tokens[place].token_type == T.ON:
        return _Edit("conjunct", tokens[place + 1].start, stop, "true")
    is_filter = place >= 2 and tokens[place - 2].token_type == T.FILTER
    if is_filter:
        return _Edit("conjunct", tokens[place - 2].start, tokens[end].end + 1, "")
    return _Edit("conjunct", start, stop, "")


def _is_value_case(tokens: list[Token], when: int) -> bool:
    """Whether a ``when`` compares with a value after ``case`` (``case x when 1``)."""
    depth = 0
    for place in range(when - 1, -1, -1):
        kind = tokens[place].token_type
        if kind in (T.R_PAREN, T.END):
            depth += 1
        elif kind in (T.L_PAREN,):
            depth -= 1
        elif kind == T.CASE:
            if depth == 0:
                return tokens[place + 1].token_type != T.WHEN
            depth -= 1
    return False


def _is_plain(tokens: list[Token], first: int, last: int) -> bool:
    """Whether a condition is a column or a call by itself."""
    return not any(tokens[place].token_type in _DECIDED for place in range(first, last + 1))


def _dropped(tokens: list[Token], parts: list[tuple[int, int]], kind: str) -> Iterator[_Edit]:
    """Each of several parts left out, with one separator."""
    for number, (first, last) in enumerate(parts if len(parts) > 1 else []):
        start, end = tokens[first].start, tokens[last].end + 1
        if number + 1 < len(parts):
            end = tokens[parts[number + 1][0]].start
        else:
            start = tokens[parts[number - 1][1]].end + 1
        yield _Edit(kind, start, end, "")


def _keys(tokens: list[Token]) -> Iterator[_Edit]:
    """Keys of partition, group, join and order."""
    for place, token in enumerate(tokens):
        kind = token.token_type
        if kind == T.PARTITION_BY:
            end = _until(tokens, place + 1, {T.ORDER_BY, T.ROWS, T.RANGE})
            parts = _split(tokens, place + 1, end, T.COMMA)
            yield from _dropped(tokens, parts, "partition key")
            if len(parts) == 1:
                yield _Edit("partition key", token.start, tokens[end - 1].end + 1, "")
        elif kind == T.GROUP_BY:
            end = _until(tokens, place + 1, _ENDS)
            yield from _dropped(tokens, _split(tokens, place + 1, end, T.COMMA), "group key")
        elif kind == T.USING and tokens[place + 1].token_type == T.L_PAREN:
            end = _closing(tokens, place + 1)
            yield from _dropped(tokens, _split(tokens, place + 2, end, T.COMMA), "conjunct")
        elif kind == T.ORDER_BY:
            end = _until(tokens, place + 1, _ENDS)
            for first, last in _split(tokens, place + 1, end, T.COMMA):
                if not any(
                    tokens[p].text.lower() in ("asc", "desc", "nulls")
                    for p in range(first, last + 1)
                ):
                    stop = tokens[last].end + 1
                    yield _Edit("direction", stop, stop, " desc")


def _cases(tokens: list[Token], text: str) -> Iterator[_Edit]:
    """Branches of a case: each left out, neighbours in the other order."""
    for place, token in enumerate(tokens):
        if token.token_type == T.CASE:
            whens, otherwise, end = _branches(tokens, place)
            spans = []
            for number, first in enumerate(whens):
                following = [*whens, otherwise if otherwise is not None else end][number + 1]
                spans.append((tokens[first].start, tokens[following].start))
            if len(spans) > 1:
                for start, stop in spans:
                    yield _Edit("branch", start, stop, "")
            if otherwise is not None:
                yield _Edit("branch", tokens[otherwise].start, tokens[end].start, "")
            if tokens[place + 1].token_type == T.WHEN:
                for (start, middle), (_, stop) in pairwise(spans):
                    swapped = text[middle:stop] + text[start:middle]
                    yield _Edit("branch order", start, stop, swapped)


def _branches(tokens: list[Token], case: int) -> tuple[list[int], int | None, int]:
    """Places of a case's own whens, of its else, and of its end."""
    whens: list[int] = []
    otherwise, depth = None, 0
    for place in range(case, len(tokens)):
        kind = tokens[place].token_type
        if kind == T.CASE:
            depth += 1
        elif kind == T.END:
            depth -= 1
            if depth == 0:
                return whens, otherwise, place
        elif depth == 1 and kind == T.WHEN:
            whens.append(place)
        elif depth == 1 and kind == T.ELSE:
            otherwise = place
    return whens, otherwise, len(tokens) - 1
