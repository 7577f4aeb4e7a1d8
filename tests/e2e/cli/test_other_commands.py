"""`validate`, `explain`, `settings`, `schema`, the version and completion."""

import json

VALID = "  - greet: {set: {text: hello}}\n"


def test_valid_files_are_said_to_be_so(kapell):
    ended = kapell("validate", kapell.write("one", VALID), kapell.write("two", VALID))
    assert ended.code == 0
    assert [line.rpartition("/")[2] for line in ended.out.splitlines()] == ["one.yaml: valid", "two.yaml: valid"]


def test_problems_name_file_line_and_column(kapell):
    bad = kapell.write("bad", "  - greet: {sett: {text: hello}}\n  - greet: {set: {x: 1}}\n")
    ended = kapell("validate", bad, kapell.write("good", VALID))
    assert ended.code == 1
    assert "bad.yaml:3:13: error:" in ended.out
    assert "`set`" in ended.out
    assert ended.out.splitlines()[-1].endswith("good.yaml: valid")


def test_what_cannot_run_yet_is_a_warning(kapell):
    ended = kapell("validate", kapell.write("later", "  - box: {run: {container: {image: x}}}\n"))
    assert ended.code == 0
    assert "warning: not supported yet: `run: container` (task `box`)" in ended.out


def test_problems_as_json(kapell):
    ended = kapell("validate", kapell.write("bad", "  - greet: {sett: {}}\n"), "missing.yaml", "--json")
    assert ended.code == 1
    bad, missing = ended.json
    assert (bad["valid"], bad["problems"][0]["line"]) == (False, 3)
    assert missing["problems"][0]["message"] == "missing.yaml cannot be read: No such file or directory"


def test_a_workflow_is_explained(kapell):
    workflow = kapell.write("one", VALID)
    assert kapell("explain", workflow).out == "test/one:0.1.0\n└─ greet  set text\n"
    assert kapell("explain", workflow, "--json").json["parts"] == [{"name": "greet", "text": "set text"}]
    assert kapell("explain", "missing.yaml").code == 2


def test_settings_are_listed_with_where_they_come_from(kapell):
    ended = kapell("settings", KAPELL_MAX_CALLS="7")
    assert "max_calls = 7  (KAPELL_MAX_CALLS)\n    How many calls" in ended.out
    by_name = {line["name"]: line for line in kapell("settings", "--data", "x", "--json").json}
    assert (by_name["data"]["value"], by_name["data"]["source"]) == ("x", "option")
    assert kapell("settings", KAPELL_MAX_CALLS="many").code == 2


def test_the_schema_is_a_json_schema(kapell):
    assert json.loads(kapell("schema").out)["title"] == "Workflow"


def test_the_version_and_an_unknown_command(kapell):
    assert kapell("--version").out.startswith("kapell 0.")
    wrong = kapell("rum")
    assert (wrong.code, "Did you mean 'run'" in wrong.err) == (2, True)


def test_run_ids_and_files_are_completed(kapell):
    run_id = kapell("run", kapell.write("one", VALID), "--json").json["run_id"]
    completing = {"_KAPELL_COMPLETE": "complete_zsh"}
    for words, wanted in (
        ("kapell why ", run_id),
        (f"kapell runs show {run_id[:5]}", run_id),
        ("kapell run on", "one.yaml"),
    ):
        assert wanted in kapell(**completing, _TYPER_COMPLETE_ARGS=words).out, words
