"""Make folders that stand for hosts, each with an `update.sh` of its own; one has a full disk.

python make_hosts.py FOLDER        # prints the input for update-hosts.yaml
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HOSTS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot")
BROKEN = ("delta",)
UPDATE = """\
echo updating > update.log
echo "{version}"
"""
FULL_DISK = """\
echo "no space left on device" >&2
exit 28
"""


def make_hosts(folder: Path, broken: tuple[str, ...] = BROKEN) -> list[dict[str, Any]]:
    """Make the hosts' folders, and return what the workflow wants to know of them."""
    hosts = []
    for number, name in enumerate(HOSTS):
        home = folder / name
        home.mkdir(parents=True, exist_ok=True)
        script = FULL_DISK if name in broken else UPDATE.format(version=f"2.{number}")
        (home / "update.sh").write_text(script)
        hosts.append({"name": name, "folder": str(home)})
    return hosts


if __name__ == "__main__":
    print(json.dumps({"hosts": make_hosts(Path(sys.argv[1]).resolve()), "tolerate": 1}))
