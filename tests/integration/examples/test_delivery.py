"""The software delivery: what becomes of a push depends on what is in it, and on nothing else."""

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "delivery"


def load_example(name):
    """Import a script of the example, which is no package, under a name that nothing else has."""
    if f"delivery_{name}" not in sys.modules:
        sys.path.insert(0, str(FOLDER))
        specification = importlib.util.spec_from_file_location(f"delivery_{name}", FOLDER / f"{name}.py")
        sys.modules[f"delivery_{name}"] = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(sys.modules[f"delivery_{name}"])
        sys.path.remove(str(FOLDER))
    return sys.modules[f"delivery_{name}"]


demo, repository = load_example("run_demo"), load_example("make_repository")
SLOW_IS_FOUND = {"statistic": "median", "factor": 2, "requests": 100}


def alter(push, path, old, new):
    """Return a push whose edits of one file say something else."""
    edits = tuple(edit._replace(new=edit.new.replace(old, new)) if edit.path == path else edit for edit in push.edits)
    assert edits != push.edits
    return push._replace(edits=edits)


@pytest.mark.slow
@pytest.mark.serial
@pytest.mark.timeout(300)
def test_each_push_fares_as_its_content_deserves(tmp_path):
    delivery = demo.deliver(tmp_path, rule=SLOW_IS_FOUND)
    assert delivery.exit_code == 0
    assert [(result["outcome"], result.get("why")) for result in delivery.results] == [
        ("promoted", None),
        ("promoted", None),
        ("stopped", "It does not build"),
        ("stopped", "A test fails"),
        ("stopped", "The security scan found something"),
        ("rolled back", "It became too slow"),
        ("promoted", None),
    ]
    refused = [result for result in delivery.results if result["outcome"] != "promoted"]
    assert [message["id"] for message in delivery.messages] == [result["push"]["commit"] for result in refused]
    assert [message["to"] for message in delivery.messages] == [
        "ben@shop.example",
        "cleo@shop.example",
        "dan@shop.example",
        "eve@shop.example",
    ]
    last = delivery.results[-1]["push"]["commit"]
    assert {slot["slot"]: slot["release"]["version"] for slot in delivery.slots} == {
        "staging": last,
        "production": last,
    }
    assert all(slot["running"] for slot in delivery.slots)


@pytest.mark.slow
@pytest.mark.serial
@pytest.mark.timeout(300)
def test_changed_commits_fare_differently(tmp_path):
    wrong_discount = alter(repository.DISCOUNT, repository.PRICING, '"0.9"', '"0.8"')
    finished = alter(repository.UNFINISHED, repository.SERVER, "== 0\n", "== 0:\n")._replace(takes_back=1)
    without_shell = alter(repository.INJECTABLE, repository.SERVER, "shell=True, ", "")._replace(takes_back=0)
    still_cached = repository.UNCACHED._replace(
        takes_back=0,
        edits=(
            repository.Edit(repository.CATALOGUE, "from functools import cache\n", "from functools import lru_cache\n"),
            repository.Edit(repository.CATALOGUE, "@cache\n", "@lru_cache(1)\n"),
        ),
    )
    delivery = demo.deliver(tmp_path, (wrong_discount, finished, without_shell, still_cached), SLOW_IS_FOUND)
    assert [(result["outcome"], result.get("why")) for result in delivery.results] == [
        ("promoted", None),
        ("stopped", "A test fails"),
        ("promoted", None),
        ("promoted", None),
        ("promoted", None),
    ]
    assert [message["to"] for message in delivery.messages] == ["ada@shop.example"]


@pytest.mark.slow
@pytest.mark.serial
@pytest.mark.timeout(300)
def test_a_killed_delivery_is_resumed_to_the_same_end(tmp_path):
    def is_second_push_under_way():
        return len(list(tmp_path.glob("checkouts/*"))) > 1

    delivery = demo.deliver(tmp_path, repository.PUSHES[:2], SLOW_IS_FOUND, kill_when=is_second_push_under_way)
    assert delivery.exit_code == 0
    assert delivery.kills == 1
    assert [result["outcome"] for result in delivery.results] == ["promoted", "promoted", "stopped"]
    assert [message["to"] for message in delivery.messages] == ["ben@shop.example"]
