"""Comparing workflows: the right sentence for each kind of change, and no change without one."""

import copy

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from kapell.language import InvalidWorkflowError, load_workflow
from kapell.workflows.comparing import compare_sources, compare_workflows

ORDER = {
    "document": {"dsl": "1.0.3", "namespace": "shop", "name": "order", "version": "1.0.0"},
    "input": {
        "schema": {
            "format": "json",
            "document": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "customer": {"type": "object", "properties": {"age": {"type": "integer"}}},
                },
            },
        }
    },
    "use": {
        "functions": {"greet": {"call": "http", "with": {"method": "get", "endpoint": "https://example.com/hi"}}},
        "timeouts": {"short": {"after": {"seconds": 5}}},
    },
    "do": [
        {"reserve": {"call": "http", "with": {"method": "post", "endpoint": "https://example.com/reserve"}}},
        {
            "each": {
                "for": {"each": "line", "in": "${ .lines }"},
                "do": [{"pick": {"set": {"n": 1}}}, {"pack": {"set": {"n": 2}}}],
            }
        },
        {
            "pay": {
                "try": [{"charge": {"set": {"paid": True}}}],
                "catch": {"errors": {"with": {"status": 500}}, "do": [{"tell": {"set": {"paid": False}}}]},
            }
        },
        {"ship": {"set": {"shipped": True}}},
    ],
}


def compare(change, before=ORDER):
    """Return the changes that `change` makes of a workflow."""
    after = copy.deepcopy(before)
    change(after)
    return compare_workflows(load(before), load(after))


def load(definition):
    return load_workflow(msgspec.json.encode(definition))


def tell(changes):
    return [change.text for change in changes]


def test_the_same_is_the_same():
    assert compare(lambda after: None) == ()


def test_a_task_is_added_and_the_others_stay():
    changes = compare(lambda after: after["do"].insert(1, {"check": {"set": {"ok": 1}}}))
    assert tell(changes) == ["Task `check` was added at /do/1/check."]
    assert (changes[0].kind, changes[0].before, changes[0].after) == ("task_added", None, "/do/1/check")


def test_a_task_is_removed_with_those_within_it():
    changes = compare(lambda after: after["do"].pop(1))
    assert tell(changes) == ["Task `each` was removed from /do/1/each, with 2 tasks within it."]


def test_a_task_moves_within_its_list():
    changes = compare(lambda after: after["do"].insert(0, after["do"].pop()))
    assert tell(changes) == ["Task `ship` moved from /do/3/ship to /do/0/ship."]
    assert changes[0].kind == "task_moved"


def test_a_task_moves_to_another_list():
    changes = compare(lambda after: after["do"][1]["each"]["do"].append(after["do"].pop()))
    assert tell(changes) == ["Task `ship` moved from /do/3/ship to /do/1/each/do/2/ship."]


def test_a_task_with_a_new_name_is_told_from_a_new_task():
    changes = compare(lambda after: after["do"].__setitem__(3, {"send": {"set": {"shipped": True}}}))
    assert tell(changes) == ["Task `ship` is now called `send`."]
    assert (changes[0].before, changes[0].after) == ("/do/3/ship", "/do/3/send")


def test_changed_fields_are_named_with_their_values():
    changes = compare(lambda after: after["do"][0]["reserve"]["with"].update(method="put", query={"a": "b"}))
    assert tell(changes) == [
        'Task `reserve` changed: `with/method` changed from "post" to "put"; `with/query` was added: {"a":"b"}.'
    ]
    assert [(field.pointer, field.before) for field in changes[0].fields] == [
        ("/with/method", "post"),
        ("/with/query", msgspec.UNSET),
    ]
    assert msgspec.to_builtins(changes[0].fields[1]) == {"pointer": "/with/query", "after": {"a": "b"}}


def test_a_task_within_another_changes_alone():
    changes = compare(lambda after: after["do"][2]["pay"]["catch"]["do"][0]["tell"]["set"].update(paid=None))
    assert tell(changes) == ["Task `tell` changed: `set/paid` changed from false to null."]
    assert changes[0].before == "/do/2/pay/catch/do/0/tell"
    changes = compare(lambda after: after["do"][2]["pay"]["catch"]["errors"]["with"].update(status=503))
    assert tell(changes) == ["Task `pay` changed: `catch/errors/with/status` changed from 500 to 503."]


def test_a_function_is_a_task_too():
    changes = compare(lambda after: after["use"]["functions"]["greet"]["with"].update(method="head"))
    assert tell(changes) == ['Task `greet` changed: `with/method` changed from "get" to "head".']
    assert changes[0].before == "/use/functions/greet"


def test_the_input_changes_in_the_words_of_its_properties():
    def change(after):
        schema = after["input"]["schema"]["document"]
        schema["properties"]["email"] = {"type": "string"}
        schema["required"] = ["id", "email"]
        schema["properties"]["customer"]["properties"]["age"]["type"] = "number"
        schema["properties"]["customer"]["required"] = ["age"]

    assert tell(compare(change)) == [
        "In the input, `email` is now required.",
        'Of the property `customer.age` of the input, `type` changed from "integer" to "number".',
        "In the input, `customer.age` is now required.",
        "The input has a new property `email`, which is required.",
    ]


def test_an_output_schema_comes():
    schema = {"document": {"type": "object"}}
    (change,) = compare(lambda after: after.update(output={"schema": schema}))
    assert change.kind == "output_changed"
    assert change.text == 'The workflow\'s `output` was added: {"schema":{"document":{"type":"object"}}}.'


def test_what_is_no_task_is_told_too():
    (change,) = compare(lambda after: after["use"]["timeouts"]["short"]["after"].update(seconds=6))
    assert (change.kind, change.text) == (
        "workflow_changed",
        "The workflow's `use/timeouts/short/after/seconds` changed from 5 to 6.",
    )


def test_the_order_of_keys_is_a_change_of_its_own():
    (change,) = compare(lambda after: after.update(document=after.pop("document")))
    assert change.kind == "order_changed"


def test_one_and_true_are_not_the_same():
    (change,) = compare(lambda after: after["do"][3]["ship"]["set"].update(shipped=1))
    assert "from true to 1" in change.text


def list_places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from list_places(item, (*path, key))


def has(owner, step):
    """Tell whether an object has this key, or a list this index: an earlier change may have replaced either."""
    if isinstance(step, str):
        return isinstance(owner, dict) and step in owner
    return isinstance(owner, list) and step < len(owner)


PLACES = list(list_places(ORDER))


@given(st.data())
def test_no_change_goes_untold(data):
    after = copy.deepcopy(ORDER)
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(PLACES[1:]))
        owner = after
        for step in path:
            assume(has(owner, step))
            owner = owner[step]
        assume(has(owner, last))
        match data.draw(st.sampled_from(["drop", "replace", "turn", "double"])):
            case "drop":
                del owner[last]
            case "replace":
                owner[last] = data.draw(st.sampled_from([1, 1.0, True, "text", "PT1S", [], {}, {"a": 1}]))
            case "turn" if isinstance(owner, list):
                owner.reverse()
            case "double" if isinstance(owner, list):
                owner.append(copy.deepcopy(owner[last]))
    try:
        workflow = load(after)
    except InvalidWorkflowError:
        assume(False)
    changes = compare_workflows(load(ORDER), workflow)
    is_same = msgspec.json.encode(after) == msgspec.json.encode(ORDER)
    assert (changes == ()) == is_same
    assert all(change.text.endswith(".") for change in changes)
    assert bool(compare_workflows(workflow, load(ORDER))) == bool(changes)


def test_texts_are_compared_line_by_line():
    before = "document: {dsl: 1.0.3, namespace: a, name: b, version: 1.0.0}\ndo:\n- one: {set: {n: 1}}\n"
    found = compare_sources("a/b@1.0.0", before, "a/b@draft", before.replace("{n: 1}", "{n: 2}").rstrip())
    assert found.lines.splitlines() == [
        "--- a/b@1.0.0",
        "+++ a/b@draft",
        "@@ -1,3 +1,3 @@",
        " document: {dsl: 1.0.3, namespace: a, name: b, version: 1.0.0}",
        " do:",
        "-- one: {set: {n: 1}}",
        "+- one: {set: {n: 2}}",
        "\\ No newline at end of file",
    ]
    assert tell(found.changes) == ["Task `one` changed: `set/n` changed from 1 to 2."]
    assert compare_sources("one", before, "other", before).lines == ""


def test_a_text_that_is_no_workflow_is_compared_by_its_lines_alone():
    before = "document: {dsl: 1.0.3, namespace: a, name: b, version: 1.0.0}\ndo:\n- one: {set: {n: 1}}\n"
    found = compare_sources("a/b@1.0.0", before, "a/b@draft", "nonsense")
    assert found.changes is None
    assert found.invalid == ("a/b@draft",)
    assert "+nonsense" in found.lines
