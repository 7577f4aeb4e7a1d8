"""What no file of the project may hold, because it would be true on one machine only."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

FORBIDDEN = {
    "a path of one machine": r"(?<![\w.$}~-])/(?:work|root|home/\w+|Users/\w+)/",
    "a temporary folder's fixed name": r"(?<![\w.$}~-])/tmp/\w",
    "the address of a package registry": r"(?:files\.pythonhosted\.org|pypi\.org/simple|registry\.npmjs\.org)",
    "a lock's download address": r'"resolved": ?"http|--(?:extra-)?index[-]url|--find[-]links \S',
}
# Only continuous integration may look beside the checkout, to find the specification's data.
BESIDE_THE_CHECKOUT = re.compile(r"\.\./shared\b|(?<![\w.-])shared[/]spec\b")
MAY_LOOK_BESIDE = {".ci/run"}


def list_tracked_files():
    listed = subprocess.run(["git", "ls-files", "-z"], check=False, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout, so there are no tracked files to look at")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def find_forbidden(text, name=""):
    found = [meaning for meaning, pattern in FORBIDDEN.items() if re.search(pattern, text)]
    if name not in MAY_LOOK_BESIDE and BESIDE_THE_CHECKOUT.search(text):
        found.append("a folder beside the checkout")
    return found


def test_no_tracked_file_is_bound_to_a_machine():
    found = {}
    for name in list_tracked_files():
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if meanings := find_forbidden(text, name):
            found[name] = meanings
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "cd /~work/main",
        "see /~root/.npmrc",
        "open('/~tmp/out')",
        '"resolved": ~"https://x"',
        "--index~-url https://x",
        "a=..~/sha~red/spec",
    ],
)
def test_the_search_finds_what_it_is_for(text):
    # The marks are taken out here only, so that this file holds none of it either.
    assert find_forbidden(text.replace("~", ""))


@pytest.mark.parametrize("text", ["https://example.com/work/items", "./work/x", "$HOME/root/x", "tests/home/x"])
def test_the_search_leaves_ordinary_text_alone(text):
    assert find_forbidden(text) == []
