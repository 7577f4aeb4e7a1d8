"""The documentation site: it builds without a warning and needs no network, its links lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
FENCE = re.compile(r"^( *)(```+|:::+) *(\S*).*\n((?:.*\n)*?)\1\2 *$", re.MULTILINE)
pytestmark = pytest.mark.xdist_group("site")  # what the tests share is made once
SHOWN = {"text", "console", "http", "ini", "sql", "nginx", "caddy", "dockerfile", "diff", "jq", "promql"}
"""Languages whose blocks are shown as they are."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", DOCS, folder]
    built = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    return {path.relative_to(folder).as_posix(): read_page(path) for path in folder.rglob("*.html")}, folder


class Reader(HTMLParser):
    """Collects what a page links to, what it loads, and what can be linked to on it."""

    def __init__(self):
        super().__init__()
        self.links, self.loads, self.names = set(), set(), set()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if given.get("id"):
            self.names.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.add(given["href"])
        elif tag in {"script", "img", "source", "iframe"} and given.get("src"):
            self.loads.add(given["src"])
        elif tag == "link" and given.get("rel") not in {"canonical", "index", "search", "next", "prev"}:
            self.loads.add(given["href"])


def read_page(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def test_every_internal_link_leads_somewhere(site):
    pages, folder = site
    dead = []
    for name, page in pages.items():
        for link in page.links | page.loads:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (folder / name).parent / unquote(parts.path) if parts.path else folder / name
            if not target.exists():
                dead.append(f"{name}: {link}")
            elif parts.fragment and target.suffix == ".html":
                known = pages[target.resolve().relative_to(folder.resolve()).as_posix()].names
                dead += [] if unquote(parts.fragment) in known else [f"{name}: {link}"]
    assert dead == []


def test_pages_load_nothing_from_elsewhere(site):
    pages, folder = site
    loaded = {load for page in pages.values() for load in page.loads}
    assert [load for load in loaded if urlsplit(load).netloc] == []
    styles = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.css"))
    assert re.findall(r"(?:@import|url\()\s*[\"']?https?:[^)]*", styles) == []


def test_every_page_is_a_page_of_the_site(site):
    pages, _ = site
    written = {path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")}
    assert written - pages.keys() == set()
    reached = {link for page in pages.values() for link in page.links}
    names = {urlsplit(link).path.rpartition("/")[2] for link in reached}
    assert {name for name in written if name.rpartition("/")[2] not in names} == set()


def list_blocks():
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            indent, fence, language, block = match.groups()
            if fence.startswith("`") and not language.startswith("{"):
                line = text.count("\n", 0, match.start()) + 1
                lines = (each.removeprefix(indent) for each in block.splitlines())
                yield f"{path.relative_to(ROOT)}:{line}", language, "\n".join(lines) + "\n"


def check_shell(block):
    checked = subprocess.run(["bash", "-n"], input=block, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


CHECKS = {
    "json": json.loads,
    "python": lambda block: compile(block, "block", "exec"),
    "sh": check_shell,
    "toml": tomllib.loads,
    "yaml": lambda block: YAML(typ="safe", pure=True).load(block),
}


def test_every_block_of_code_can_be_read():
    blocks = list(list_blocks())
    assert len(blocks) > 100
    wrong = []
    for place, language, block in blocks:
        if language not in CHECKS.keys() | SHOWN:
            wrong.append(f"{place}: a block names its language, not {language!r}")
        elif language in CHECKS:
            try:
                CHECKS[language](block)
            except Exception as error:  # noqa: BLE001 -- each reader has errors of its own
                wrong.append(f"{place}: {error}")
    assert wrong == []


@pytest.mark.parametrize(
    ("language", "block"), [("json", "{a: 1}"), ("python", "if:"), ("sh", "if true; then"), ("yaml", "a: [")]
)
def test_the_check_finds_what_cannot_be_read(language, block):
    with pytest.raises(Exception, match=r"."):
        CHECKS[language](block)
