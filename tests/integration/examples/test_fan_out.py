"""Hosts are updated side by side; one that fails is reported and tolerated, more are not."""

import json
import subprocess
import sys

import pytest


@pytest.fixture
def make_hosts(examples_dir, tmp_path):
    def make():
        command = [sys.executable, examples_dir / "fan-out" / "make_hosts.py", tmp_path / "hosts"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return make


def test_all_but_the_broken_host_are_updated(run_example, make_hosts, tmp_path):
    ended = run_example("fan-out/update-hosts.yaml", make_hosts())
    assert ended.exit_code == 0, ended.errors
    assert {host["host"] for host in ended.output["updated"]} == {"alpha", "bravo", "charlie", "echo", "foxtrot"}
    assert [host["host"] for host in ended.output["failed"]] == ["delta"]
    assert "no space left on device" in ended.output["failed"][0]["why"]
    assert len(list((tmp_path / "hosts").glob("*/update.log"))) == 5


def test_two_broken_hosts_are_too_many_but_the_others_are_updated(run_example, make_hosts, tmp_path):
    document = make_hosts()
    (tmp_path / "hosts" / "alpha" / "update.sh").write_text("exit 1\n")
    ended = run_example("fan-out/update-hosts.yaml", document)
    assert ended.exit_code == 1
    assert "Too many hosts failed" in ended.errors
    assert len(list((tmp_path / "hosts").glob("*/update.log"))) == 4
