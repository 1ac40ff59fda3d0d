#!/usr/bin/env bash
# Recompile both locks from pyproject.toml: requirements.lock (what runs) and tests/requirements.lock (what only tests and tools need).
set -euo pipefail
cd "$(dirname "$0")/.."
flags=(--generate-hashes --no-annotate --no-header -q)
all=$(mktemp)
trap 'rm -f "$all"' EXIT
uv pip compile "${flags[@]}" --extra build pyproject.toml -o requirements.lock
uv pip compile "${flags[@]}" --extra dev -c requirements.lock pyproject.toml -o "$all"
python3 - "$all" <<'PY'
import re, sys, pathlib
def blocks(path):
    return {b.split("==")[0].strip(): b for b in re.split(r"\n(?=[a-zA-Z])", pathlib.Path(path).read_text()) if "==" in b}
run, every = blocks("requirements.lock"), blocks(sys.argv[1])
only = [every[name].rstrip("\n") for name in sorted(every) if name not in run]
pathlib.Path("tests/requirements.lock").write_text("\n".join(only) + "\n")
PY
