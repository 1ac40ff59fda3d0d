"""Superset's settings for a look at the mart on this machine: loopback, Danish numbers, offline.

What belongs here: what Superset reads at its start. What does not: starting it (``start.py``),
charts (``bundle``). An installation of its own takes from here what it wants: the formats, the
policy of the pages, no telemetry.

Rules: M.bi.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine.url import URL

_STATE = Path(os.environ["EFFEKT_BI_STATE"])
_MART = os.environ["EFFEKT_BI_MART"]

SECRET_KEY = (_STATE / "secret").read_text(encoding="ascii")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{_STATE / 'superset.db'}"
APP_NAME = "Effektafregning"
LOGO_TARGET_PATH = "/dashboard/list/"
AUTH_RATE_LIMITED = True
PREVENT_UNSAFE_DB_CONNECTIONS = True
SQLLAB_CTAS_NO_LIMIT = False
FEATURE_FLAGS = {"DASHBOARD_CROSS_FILTERS": True, "ALERT_REPORTS": False}
ENABLE_UI_THEME_ADMINISTRATION = False
LOG_LEVEL = "WARNING"
CONTENT_SECURITY_POLICY_WARNING = False

# a chart is asked anew each time: no page may show a publication that is no longer the newest
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}

D3_FORMAT = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " kr."]}
D3_TIME_FORMAT = {
    "dateTime": "%-d. %b %Y %H.%M",
    "date": "%d.%m.%Y",
    "time": "%H.%M",
    "periods": ["", ""],
    "days": ["søndag", "mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag"],
    "shortDays": ["sø", "ma", "ti", "on", "to", "fr", "lø"],
    "months": [
        "januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september",
        "oktober", "november", "december",
    ],
    "shortMonths": [
        "jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec",
    ],
}  # fmt: skip

# nothing of a page comes from, or goes to, another host: Superset's own policy names several
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "frame-ancestors": ["'none'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}


def DB_SQLA_URI_VALIDATOR(uri: URL) -> None:  # noqa: N802 - Superset's name
    """Refuse every database but the mart: whoever is let in reads no other file of this user."""
    asked = (uri.drivername, uri.database, uri.query.get("access_mode"))
    if asked != ("duckdb", _MART, "read_only"):
        raise ValueError("only the published mart can be opened here, and only to read")
