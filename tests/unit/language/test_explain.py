"""What a workflow will do, as a picture in text."""

import pytest

from kapell.language import load_workflow, read_document, validate
from kapell.language.explain import draw_outline, explain_workflow

TEXT = """\
document: {dsl: '1.0.3', namespace: shop, name: order, version: '1.0.0', title: Carry out an order}
input: {schema: {document: {type: object}}}
timeout: {after: {hours: 1}}
use:
  secrets: [bank, crm]
  authentications: {toBank: {bearer: {use: bank}}}
  retries: {patient: {delay: PT1S, backoff: {exponential: {}}, limit: {attempt: {count: 4}}}}
  functions:
    greet: {set: {text: hi}}
do:
  - check: {switch: [{large: {when: .total > 100, then: pay}}, {other: {then: end}}]}
  - pay:
      try:
        - charge:
            call: http
            with:
              method: post
              endpoint: {uri: 'https://bank.test/charge', authentication: {use: toBank}}
              headers: {X-Crm: '${ $secrets.crm }'}
            timeout: {after: PT30S}
      catch:
        errors: {with: {type: https://serverlessworkflow.io/spec/1.0.0/errors/communication, status: 503}}
        retry: patient
        do:
          - give: {raise: {error: {type: https://shop.test/no-money, status: 402, title: No money}}}
  - hosts:
      for: {each: host, in: '${ .hosts }'}
      while: '${ $host != null }'
      do:
        - ask: {run: {shell: {command: "ping -c 1 $1\\nexit 0", arguments: ['${ $host }']}, await: false}}
  - race:
      fork:
        compete: true
        branches:
          - fast: {wait: {milliseconds: 1500}}
          - child: {run: {workflow: {namespace: shop, name: pack, version: latest}}}
  - hail: {call: greet, if: .vip, export: {as: .}, then: exit}
"""

PICTURE = """\
shop/order:1.0.0  Carry out an order
│  · its input is checked by a schema
│  · must end within 1 h
│  · calls https://bank.test/charge
│  · starts processes shell
│  · starts child runs of shop/pack:latest
│  · reads the secrets bank, crm
│
├─ check      switch to the first case that holds
│  ├─ large  if `.total > 100`: goes to `pay`
│  └─ other  otherwise: the run ends
├─ pay        try
│  ├─ charge  call http: POST https://bank.test/charge
│  │     · must end within 30 s
│  │     · reads the secrets `bank`, `crm`
│  └─ catch   errors with type communication, status 503
│     │  · tries again up to 4 times, after 1 s, doubled each time
│     └─ give  raise No money (no-money, status 402)
├─ hosts      for each `host` in `.hosts`, while `$host != null`
│  └─ ask  run shell: ping -c 1 $1 ..., without waiting for it
├─ race       fork, of which the first to complete wins
│  ├─ fast   wait 1.5 s
│  └─ child  run the workflow shop/pack:latest
├─ hail       call the function `greet`
│     · only if `.vip`
│     · writes to the context
│     · then this list ends
└─ functions  what `call` refers to by name
   └─ greet  set text"""


def test_a_workflow_is_drawn_as_a_tree():
    assert draw_outline(explain_workflow(load_workflow(TEXT))) == PICTURE


def test_what_cannot_run_yet_is_said():
    text = TEXT[: TEXT.index("do:\n  - check")] + "do:\n  - box: {run: {container: {image: x}}}\n"
    outline = explain_workflow(load_workflow(text))
    assert "not supported yet: `run: container` (task `box`)" in outline.notes


def test_every_example_of_the_specification_is_explained(spec_dir):
    examples = sorted((spec_dir / "examples").iterdir())
    assert len(examples) > 60
    for path in examples:
        workflow = validate(read_document(path.read_bytes(), path.name)).workflow
        assert workflow is not None, path.name
        outline = explain_workflow(workflow)
        names = [part.name for part in outline.parts if part.name != "functions"]
        assert names == [named.name for named in workflow.do]
        assert all(part.text for part in outline.parts)
        assert "\x1b" not in draw_outline(outline)


@pytest.mark.parametrize(
    ("retry", "words"),
    [
        ("{}", "tries again as often as needed, at once"),
        (
            "{delay: {seconds: 2}, backoff: {linear: {}}, limit: {attempt: {count: 1}}}",
            "tries again once, after 2 s, longer by as much each time",
        ),
        (
            "{delay: PT1M, jitter: {from: PT0S, to: PT5S}}",
            "tries again as often as needed, after 1 min, plus 0 ms to 5 s by chance",
        ),
    ],
)
def test_retries_are_told_in_words(retry, words):
    text = (
        "document: {dsl: '1.0.3', namespace: a, name: b, version: '1.0.0'}\ndo:\n"
        f"  - t: {{try: [{{a: {{set: {{x: 1}}}}}}], catch: {{retry: {retry}}}}}\n"
    )
    assert explain_workflow(load_workflow(text)).parts[0].parts[1].notes == [words]
