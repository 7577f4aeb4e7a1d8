"""Secrets over the API: put, used by runs of their namespace, and found nowhere afterwards."""

from __future__ import annotations

USING = """
document: {dsl: '1.0.3', namespace: NAMESPACE, name: uses, version: '1.0.0'}
use: {secrets: [password]}
do:
  - say:
      run:
        shell:
          command: 'echo "the password is $PASSWORD"; echo "$PASSWORD" >&2'
          environment: {PASSWORD: '${ $secrets.password }'}
"""
CANARY = "canary-7d1f3b52-value"


async def test_a_secret_is_used_and_found_nowhere(server, admin, settings):
    for namespace in ("mine", "theirs"):
        await admin.publish(namespace, "uses", source=USING.replace("NAMESPACE", namespace))
    put = await admin.ask("PUT", "/secrets/mine/password", {"value": CANARY})
    assert (put["name"], put["version"]) == ("password", 1)
    run = await admin.run(namespace="mine", name="uses")
    found = await admin.wait_run(run["run_id"])
    assert found["output"] == "the password is ***"
    refused = await admin.run(namespace="theirs", name="uses")
    found = await admin.wait_run(refused["run_id"])
    assert found["error"]["type"].endswith("/authorization"), "secrets are of one namespace"
    told = [await admin.get(path) for path in ("/secrets", f"/runs/{run['run_id']}/log", "/audit/records?limit=100")]
    told.append(await admin.get(f"/runs/{run['run_id']}/history"))
    assert CANARY not in str(told)
    files = [path for path in settings.data.rglob("*") if path.is_file()]
    assert [path.name for path in files if CANARY.encode() in path.read_bytes()] == []


async def test_the_servers_environment_is_nobodys(admin, monkeypatch):
    monkeypatch.setenv("KAPELL_SECRET_PASSWORD", CANARY)
    await admin.publish("mine", "uses", source=USING.replace("NAMESPACE", "mine"))
    run = await admin.run(namespace="mine", name="uses")
    found = await admin.wait_run(run["run_id"])
    assert found["run"]["status"] == "faulted"
    assert "vault" in found["error"]["detail"]


async def test_a_secret_that_was_changed_is_kept_out_of_logs_too(admin):
    await admin.publish("mine", "uses", source=USING.replace("NAMESPACE", "mine"))
    for value in (CANARY, CANARY[::-1]):
        await admin.ask("PUT", "/secrets/mine/password", {"value": value})
        run = await admin.run(namespace="mine", name="uses")
        assert (await admin.wait_run(run["run_id"]))["output"] == "the password is ***"
    await admin.ask("DELETE", "/secrets/mine/password")
    run = await admin.run(namespace="mine", name="uses")
    assert (await admin.wait_run(run["run_id"]))["run"]["status"] == "faulted"
    actions = [record["action"] for record in (await admin.get("/audit/records?action=secret.*"))["items"]]
    assert actions[-2:] == ["secret.put", "secret.put"]
    assert "secret.delete" in actions
