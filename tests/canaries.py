"""Canaries: secrets that are easily recognised, and the search for them wherever they must not be."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from urllib.parse import quote, quote_plus

PIECE = re.compile(rb"%[0-9A-F]{2}")
_SHORTEST = 6


class Canaries:
    """The secrets of a test by what they are, and every form in which each may turn up."""

    def __init__(self):
        self._forms = {}

    def add(self, kind, value):
        """Remember a secret; returns it."""
        for name, form in make_forms(value).items():
            self._forms.setdefault(form, f"{kind} ({name})")
        return value

    def __len__(self):
        return len(self._forms)

    def find(self, content, place):
        """Return a line for each secret that some bytes or a text hold."""
        content = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else bytes(content)
        return [f"{place} holds {what}" for form, what in self._forms.items() if form in content]

    def find_in_folder(self, folder, *, except_for=()):
        """Search all files of a folder, whatever they are: databases with their logs, keys, temporary files."""
        found = []
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path.name not in except_for:
                found += self.find(path.read_bytes(), path.name)
        return found

    def find_in_postgres(self, url):
        """Search every text and every byte string of a database."""
        import psycopg  # noqa: PLC0415 -- most tests need no PostgreSQL

        found = []
        with psycopg.connect(url, autocommit=True) as connection:
            tables = connection.execute(
                "SELECT table_schema, table_name FROM information_schema.tables"
                " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'"
            ).fetchall()
            for schema, table in tables:
                for row in connection.execute(f'SELECT * FROM "{schema}"."{table}"'):  # noqa: S608 -- names that the database gave
                    for value in row:
                        if isinstance(value, str | bytes | memoryview):
                            found += self.find(value, f"table {table}")
                        elif isinstance(value, dict | list):
                            found += self.find(json.dumps(value, ensure_ascii=False), f"table {table}")
        return found


def make_forms(value):
    """Return the forms of a secret as bytes, by name."""
    raw = value.encode() if isinstance(value, str) else value
    text = raw.decode("utf-8", "replace")
    quoted = quote(raw, safe="").encode()
    forms = {
        "plain": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "URL-encoded": quoted,
        "URL-encoded in small letters": PIECE.sub(lambda match: match[0].lower(), quoted),
        "URL-encoded with slashes": quote(raw).encode(),
        "form-encoded": quote_plus(raw).encode(),
        "JSON": json.dumps(text, ensure_ascii=False)[1:-1].encode(),
        "JSON in ASCII": json.dumps(text)[1:-1].encode(),
        "HTML": html.escape(text).encode(),
        "backwards": raw[::-1],
    }
    for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
        for before in range(3):
            # What stands before and after shares characters with the value: those are left out.
            encoded = encode(bytes(before) + raw)
            forms[f"{name} after {before}"] = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
    return {name: form for name, form in forms.items() if len(form) >= _SHORTEST}
