"""Make a bare git repository of a small web service, and push to it what its authors wrote, good and bad.

Nothing here says what becomes of a push: the workflows find that out by building, testing, scanning and measuring it.
Change the text of an edit, and its push fares differently.

    python make_repository.py FOLDER        # prints the path of the bare repository
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

SERVICE = Path(__file__).resolve().parent / "service"
ARTICLES = 3_000


class Edit(NamedTuple):
    """A change of one file: `old` becomes `new`; a file that is not there is made."""

    path: str
    old: str
    new: str


class Push(NamedTuple):
    """What one author pushes at once.

    Attributes:
        author: Who wrote it; the e-mail address is made from it.
        message: The commit's message.
        edits: What it changes.
        takes_back: How many commits before it are reverted first, because they were bad.
    """

    author: str
    message: str
    edits: tuple[Edit, ...] = ()
    takes_back: int = 0


PRICING = "src/priceservice/pricing.py"
CATALOGUE = "src/priceservice/catalogue.py"
SERVER = "src/priceservice/server.py"
PRICING_TEST = "tests/test_pricing.py"

DISCOUNT = Push(
    "Ada Lovelace",
    "Give ten percent off from a hundred pieces",
    (
        Edit(
            PRICING,
            "    return (catalogue[article] * quantity).quantize(CENT)\n",
            "    price = catalogue[article] * quantity\n"
            "    if quantity >= BULK_QUANTITY:\n"
            "        price *= BULK_FACTOR\n"
            "    return price.quantize(CENT)\n",
        ),
        Edit(
            PRICING,
            'CENT = Decimal("0.01")\n',
            'CENT = Decimal("0.01")\nBULK_QUANTITY = 100\nBULK_FACTOR = Decimal("0.9")\n',
        ),
        Edit(
            PRICING_TEST,
            "    def test_an_unknown_article_is_an_error",
            "    def test_a_hundred_are_cheaper(self) -> None:\n"
            '        """A hundred cost what ninety cost."""\n'
            '        self.assertEqual(compute_price("A-0001", 100), compute_price("A-0001", 90))\n\n'
            "    def test_an_unknown_article_is_an_error",
        ),
    ),
)
UNFINISHED = Push(
    "Ben Okri",
    "Refuse quantities of zero",
    (Edit(SERVER, "    if not quantity.isdecimal():\n", "    if not quantity.isdecimal() or int(quantity) == 0\n"),),
)
ROUNDED = Push(
    "Cleo Marsh",
    "Round prices to whole coins",
    (Edit(PRICING, "price.quantize(CENT)", 'price.quantize(Decimal("0.1"))'),),
    takes_back=1,
)
INJECTABLE = Push(
    "Dan Brandt",
    "Add /report: how often an article was asked for",
    (
        Edit(SERVER, "import json\n", "import json\nimport subprocess\n"),
        Edit(
            SERVER,
            "class Handler(",
            "def answer_report(query: dict[str, list[str]]) -> tuple[int, dict[str, str]]:\n"
            '    """Count the lines of the access log that name an article."""\n'
            '    article = query.get("article", [""])[0]\n'
            '    command = f"grep -c {article} access.log"\n'
            "    counted = subprocess.run(command, shell=True, capture_output=True, text=True)\n"
            '    return 200, {"article": article, "asked": counted.stdout.strip()}\n\n\n'
            "class Handler(",
        ),
        Edit(
            SERVER,
            "        else:\n",
            '        elif url.path == "/report":\n'
            "            status, body = answer_report(parse_qs(url.query))\n"
            "        else:\n",
        ),
    ),
    takes_back=1,
)
UNCACHED = Push(
    "Eve Tanaka",
    "Read the catalogue anew for each price, so that no price is stale",
    (Edit(CATALOGUE, "@cache\n", ""), Edit(CATALOGUE, "from functools import cache\n", "")),
    takes_back=1,
)
ARTICLES_PAGE = Push(
    "Ada Lovelace",
    "Add /articles: how many there are",
    (
        Edit(
            SERVER,
            "        else:\n",
            '        elif url.path == "/articles":\n'
            '            status, body = 200, {"articles": str(len(load_catalogue()))}\n'
            "        else:\n",
        ),
        Edit(
            SERVER,
            "from priceservice.pricing",
            "from priceservice.catalogue import load_catalogue\nfrom priceservice.pricing",
        ),
    ),
    takes_back=1,
)
PUSHES = (DISCOUNT, UNFINISHED, ROUNDED, INJECTABLE, UNCACHED, ARTICLES_PAGE)


def make_repository(folder: Path, pushes: tuple[Push, ...] = PUSHES) -> Path:
    """Make the bare repository `shop.git` in a folder, with the service as its first push and the others after it.

    Returns:
        The repository's path. Its reflog of `main` tells what was pushed, and when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bare, work = folder / "shop.git", folder / "work"
    _git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    _git(bare, "config", "core.logAllRefUpdates", "true")
    _git(folder, "init", "--quiet", "--initial-branch=main", str(work))
    _git(work, "remote", "add", "origin", str(bare))
    shutil.copytree(SERVICE, work, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    rows = [f"A-{number:04},{number % 97 + 1}.{number % 100:02}" for number in range(1, ARTICLES + 1)]
    (work / "src" / "priceservice" / "catalogue.csv").write_text("\n".join(["article,price", *rows, ""]))
    (work / ".gitignore").write_text("__pycache__/\n")
    _commit_and_push(work, Push("Ada Lovelace", "Tell what articles cost"))
    for push in pushes:
        for _ in range(push.takes_back):
            _git(work, "revert", "--no-edit", "HEAD", author=push.author)
        for edit in push.edits:
            _apply(work, edit)
        _commit_and_push(work, push)
    shutil.rmtree(work)
    return bare


def _apply(work: Path, edit: Edit) -> None:
    path = work / edit.path
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if edit.old not in text:
        raise ValueError(f"{edit.path} does not hold {edit.old!r}, which is to be changed")
    path.write_text(text.replace(edit.old, edit.new, 1) if edit.old else edit.new, encoding="utf-8")


def _commit_and_push(work: Path, push: Push) -> None:
    _git(work, "add", "--all")
    _git(work, "commit", "--quiet", "--message", push.message, author=push.author)
    _git(work, "push", "--quiet", "origin", "HEAD:main", author=push.author)


def _git(folder: Path, *arguments: str, author: str = "Kapell Example") -> None:
    """Run git in a folder as an author, untouched by the configuration of whoever runs it."""
    email = f"{author.split(maxsplit=1)[0].lower()}@shop.example"
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": author,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": author,
        "GIT_COMMITTER_EMAIL": email,
    }
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    print(make_repository(Path(sys.argv[1])))
