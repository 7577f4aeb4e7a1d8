"""The commands on a PostgreSQL database, in place of a data folder."""

import pytest


@pytest.fixture
def kapell(kapell, postgres_url):
    kapell.environment["KAPELL_DATABASE"] = postgres_url
    return kapell


def test_commands_work_on_a_database_as_they_do_on_a_folder(kapell):
    assert kapell("runs", "list", "--json").json == []
    quick = kapell.write("quick", "  - one:\n      set: {done: true}\n")
    assert kapell("run", quick).json == {"done": True}
    slow = kapell.write("slow", "  - pause:\n      wait: {seconds: 60}\n")
    process = kapell.start("run", slow)
    kapell.await_that(lambda: [run["name"] for run in kapell("runs", "list", "--json").json] == ["slow", "quick"])
    refused = kapell("run", quick)
    assert refused.code != 0
    assert f":{process.pid}, since" in refused.err
    assert kapell("runs", "cancel", "last", "--json").json["status"] == "cancelled"
    assert kapell.finish(process).code == 3
    assert kapell("run", quick).json == {"done": True}
    assert not (kapell.folder / "data" / "runs.db").exists()
