"""No link of the repository's pages is dead, and none leads out of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.docs import links
from tests.docs.links import Link


def test_every_link_and_anchor_leads_somewhere_in_the_repository() -> None:
    found = [link for page in links.pages() for link in links.links_of(page)]
    wrong = [
        f"{link.page.relative_to(links.ROOT)}: {link.target}#{link.anchor} {problem}"
        for link in found
        if (problem := links.problem_of(link))
    ]
    assert len(found) > 200
    assert wrong == []


def test_every_page_of_the_documents_is_linked_to_from_another() -> None:
    docs = links.ROOT / "docs"
    reached = {
        (link.page.parent / link.target).resolve()
        for page in links.pages()
        for link in links.links_of(page)
        if link.target.endswith(".md") and (link.page.parent / link.target).resolve() != page
    }
    assert [
        page.name for page in links.pages() if docs in page.parents and page not in reached
    ] == []


def test_the_index_names_each_reader_of_the_product() -> None:
    index = (links.ROOT / "docs/README.md").read_text(encoding="utf-8")
    for reader in ("controller", "leverandør", "investor", "data engineer", "revisor", "BI"):
        assert f"| **{reader}" in index


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("[a](index.md)", None),
        ("[a](index.md#to-ord--og-et-tegn)", None),
        ("[a](index.md#en-gang-1)", None),
        ("[a](index.md#en-gang-2)", "names a heading that is not there"),
        ("[a](#her)", None),
        ("[a](#der)", "names a heading that is not there"),
        ("[a](growth.md)", "leads to nothing"),
        ("![a](gone.png)", "leads to nothing"),
        ('<img src="gone.png">', "leads to nothing"),
        ("[a](../../README.md)", "leads out of the repository"),
        ("[a](https://example.org/x)", "leads out of the repository"),
        ("se https://example.org/x.", "leads out of the repository"),
    ],
)
def test_a_link_is_judged_by_where_it_leads(
    tmp_path: Path, written: str, problem: str | None
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Her\n\n{written}\n\n```\n[a](growth.md)\n```\n", encoding="utf-8")
    (tmp_path / "index.md").write_text(
        "# To ord · og et tegn\n## En gang\n## En gang\n", encoding="utf-8"
    )
    [link] = links.links_of(page)
    assert links.problem_of(link, tmp_path) == problem


def test_links_in_code_are_no_links(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`[a](benchmarks.md)`\n\n    ```sh\n    [a](benchmarks.md)\n    ```\n", encoding="utf-8"
    )
    assert links.links_of(page) == []


def test_pages_that_are_not_committed_yet_are_looked_at_too(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "upgrade.md").write_text("[a](benchmarks.md)\n", encoding="utf-8")
    [page] = links.pages(tmp_path)
    assert links.links_of(page) == [Link(page, "benchmarks.md", "")]
