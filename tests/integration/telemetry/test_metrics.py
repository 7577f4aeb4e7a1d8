"""What an operator is told at `/metrics`, read as Prometheus reads it."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from kapell.errors import StorageError

MIXED = """
document: {dsl: '1.0.3', namespace: demo, name: mixed, version: '1.0.0'}
do:
  - speak:
      run: {shell: {command: 'echo hello'}}
  - maybe:
      switch:
        - bad: {when: $workflow.input.fail, then: broken}
        - good: {then: end}
  - broken:
      run: {shell: {command: 'exit 3'}}
"""
GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "observe.md").read_text(encoding="utf-8")
_UNITS = ("_seconds", "_bytes", "_records")


async def read(client):
    text = await client.get("/metrics", prefix="")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return families, {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families.values()
        for sample in family.samples
    }


async def test_runs_attempts_commits_requests_and_the_audit_log_are_counted(server):
    admin = await server.sign_in()
    await admin.publish(name="mixed", source=MIXED)
    for fail in (True, False):
        started = await admin.run({"fail": fail}, name="mixed")
        await admin.wait_run(started["run_id"])
    await admin.get("/runs/nobody-knows", status=404)
    await admin.get("/nowhere/at/all", status=404)
    await server.parts.heads.finish()
    families, values = await read(server.client())
    assert values["kapell_runs_started_total",] == 2
    assert values["kapell_runs_ended_total", ("status", "completed")] == 1
    assert values["kapell_runs_ended_total", ("status", "faulted")] == 1
    assert values["kapell_attempts_ended_total", ("outcome", "succeeded")] == 2
    assert values["kapell_attempts_ended_total", ("outcome", "failed")] == 1
    assert values["kapell_commit_seconds_count",] >= 2
    assert values["kapell_commit_runs_sum",] >= 2
    assert values["kapell_event_loop_lag_seconds_count",] >= 1
    assert values["kapell_sessions",] == 1
    assert values["kapell_database_bytes", ("database", "runs")] > 0
    assert values["kapell_audit_backlog_records",] == 0
    witness = next(labels for name, *labels in values if name == "kapell_audit_witness_age_seconds")
    assert 0 <= values["kapell_audit_witness_age_seconds", *witness] < 10
    assert values["kapell_audit_witness_failures", *witness] == 0
    starts = (("method", "POST"), ("route", "/api/v1/runs"))
    assert values["kapell_http_requests_total", *starts, ("status", "201")] == 2
    assert values["kapell_http_request_seconds_count", *starts] == 2
    unknown = (("method", "GET"), ("route", "/api/v1/runs/{run_id}"), ("status", "404"))
    assert values["kapell_http_requests_total", *unknown] == 1
    assert values["kapell_http_requests_total", ("method", "GET"), ("route", "unmatched"), ("status", "404")] == 1
    alerted = set(re.findall(r"kapell_[a-z_]+", GUIDE)) - {"kapell_certificate_expires_timestamp_seconds"}
    assert alerted - {name for name, *_ in values} == {"kapell_runs_ended"}  # a grep, and no query
    assert families["kapell_build_info"].samples[0].labels.keys() == {"version", "python"}


async def test_names_follow_the_conventions_and_labels_are_bounded(server):
    admin = await server.sign_in()
    await admin.publish()
    run_ids = [(await admin.run())["run_id"] for _ in range(3)]
    for run_id in run_ids:
        await admin.wait_run(run_id)
        await admin.get(f"/runs/{run_id}/history")
    families, values = await read(server.client())
    assert all(re.fullmatch(r"kapell(_[a-z]+)+", name) for name in families)
    for family in families.values():
        assert family.documentation.endswith(".") or family.name == "kapell_build_info"
        assert not family.name.endswith(("_ms", "_milliseconds", "_kb", "_total"))
        if family.type == "histogram" and family.name != "kapell_commit_runs":
            assert family.name.endswith(_UNITS)
    told = repr(values)
    assert not any(run_id in told for run_id in run_ids)
    assert "hello" not in told
    assert "demo" not in told


async def test_a_database_that_cannot_be_asked_costs_only_what_it_alone_knows(server, monkeypatch):
    def refuse():
        raise StorageError("The database refused.")

    monkeypatch.setattr(server.parts, "measure_storage", refuse)
    _, values = await read(server.client())
    assert values["kapell_storage_trouble",] == 0
