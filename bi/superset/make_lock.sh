#!/usr/bin/env bash
# Recompile bi/superset/requirements.lock: Superset's environment, apart from the product's.
set -euo pipefail
cd "$(dirname "$0")"
uv pip compile --generate-hashes --no-annotate --no-header -q --python-version 3.11 requirements.in -o requirements.lock
