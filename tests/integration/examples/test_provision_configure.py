"""What provisioning made is configured, with the addresses that it gave."""

import json
import socket


def test_each_server_knows_the_others(run_example, tmp_path):
    names = ["web", "queue", "store"]
    ended = run_example("provision-configure/environment.yaml", {"folder": str(tmp_path / "estate"), "names": names})
    assert ended.exit_code == 0, ended.errors
    servers = ended.output["servers"]
    assert [server["name"] for server in servers] == names
    assert len({server["address"] for server in servers}) == 3
    for server in servers:
        assert server["peers"] == [name for name in names if name != server["name"]]
        page = json.loads((tmp_path / "estate" / server["name"] / "www" / "peers.json").read_text())
        assert {peer["address"] for peer in page["peers"]} == {
            other["address"] for other in servers if other is not server
        }


def test_no_server_goes_on_after_it_was_tried_out(run_example, tmp_path):
    ended = run_example("provision-configure/environment.yaml", {"folder": str(tmp_path / "estate"), "names": ["web"]})
    server = ended.output["servers"][0]
    with socket.socket() as probe:
        assert probe.connect_ex((server["address"], server["port"])) != 0
