"""Which files of a home hold a text: packed ones are unpacked, encrypted ones decrypted."""

from __future__ import annotations

from collections.abc import Iterator

from dagster_project.lib import vault
from dagster_project.settings import Home
from tests.faults import canaries
from tests.support import number_forms


def forms(number: str) -> list[bytes]:
    """A person number as texts could hold it."""
    return [form.encode() for form in number_forms.of(number)]


def holding(home: Home, *marks: bytes) -> list[str]:
    """Files that hold a mark, by their path in the home."""
    return sorted(
        {
            name
            for name, data in contents(home)
            if any(mark in text for text in (data, data.replace(b"\0", b"")) for mark in marks)
        }
    )


def contents(home: Home) -> Iterator[tuple[str, bytes]]:
    """Everything that a home holds, by path."""
    for path in home.root.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        name = str(path.relative_to(home.root))
        yield name, path.read_bytes()
        for data in canaries._unpacked(path):
            yield name, data
    for place in (vault.VAULT, vault.QUARANTINE):
        for received in vault.listed(home, place):
            yield received.label, received.read()
