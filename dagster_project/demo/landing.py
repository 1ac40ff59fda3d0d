"""Files into a home's landing folder, as a careful sender does it: aside first, then renamed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dagster_project.lib.base import files


def land(landing: Path, texts: Mapping[str, str | bytes]) -> int:
    """Write files (path below landing → content); returns how many."""
    for name, text in texts.items():
        target = landing / name
        files.make_dir(target.parent)
        aside = target.with_name(f".{target.name}.tmp")
        aside.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
        aside.chmod(files.FILE_PRIVATE)
        aside.replace(target)
    return len(texts)
