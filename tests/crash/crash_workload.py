"""What the runs of the crash test do: side effects of every kind, each under a name by which it is counted outside.

A run's input says where the counter is (`url`), which file the processes append to (`file`), and how often it goes
round (`rounds`). The name of an effect (its *operation*) is made of the run's id, the task and the round.
"""

from __future__ import annotations

from functools import cache

from kapell.language import load_workflow

_HEAD = "document: {dsl: '1.0.3', namespace: crash, name: NAME, version: '1.0.0'}\n"

_CALL = """
{indent}- {name}:
{indent}    call: http
{indent}    with:
{indent}      method: {method}
{indent}      endpoint: ${{ $workflow.input.url + "/op/" + $workflow.id + "/{name}/" + ($i|tostring) + "?{query}" }}"""

_SHELL = """
{indent}- {name}:
{indent}    run:
{indent}      shell:
{indent}        command: {command!r}
{indent}        environment:
{indent}          FILE: ${{ $workflow.input.file }}
{indent}          OP: ${{ $workflow.id + "/{name}/" + ($i|tostring) }}"""

_APPEND = 'echo "$OP" >> "$FILE"; sleep 0.04'
_APPEND_AND_LEAVE = 'setsid sleep 300 & (setsid sh -c "sleep 300; :" &) ; echo "$OP" >> "$FILE"; sleep 0.02'
_APPEND_AND_STAY = 'echo "$OP" >> "$FILE"; setsid sleep 300 & sleep 300'


def _call(name: str, method: str, query: str = "ms=15", depth: int = 6) -> str:
    return _CALL.format(indent=" " * depth, name=name, method=method, query=query)


def _shell(name: str, command: str = _APPEND, depth: int = 6) -> str:
    return _SHELL.format(indent=" " * depth, name=name, command=command)


def _rounds(*tasks: str) -> str:
    return "do:\n  - rounds:\n      for: {each: i, in: '${ $workflow.input.rounds }'}\n      do:" + "".join(tasks)


_CALLS = _rounds(_call("get", "GET"), _call("put", "PUT"), _call("post", "POST"), _call("delete", "DELETE"))

_PROCESSES = _rounds(
    _shell("append"),
    _shell("leave", _APPEND_AND_LEAVE),
    """
      - script:
          run:
            script:
              language: python
              code: |
                import os
                with open(os.environ["FILE"], "a") as file:
                    file.write(os.environ["OP"] + "\\n")
              environment:
                FILE: ${ $workflow.input.file }
                OP: ${ $workflow.id + "/script/" + ($i|tostring) }""",
)

_CHILDREN = _rounds(
    """
      - awaited:
          run:
            workflow:
              namespace: crash
              name: child
              version: '1.0.0'
              input: {url: '${ $workflow.input.url }', file: '${ $workflow.input.file }'}
      - unawaited:
          run:
            workflow:
              namespace: crash
              name: child
              version: '1.0.0'
              input: {url: '${ $workflow.input.url }', file: '${ $workflow.input.file }'}
            await: false"""
)

_CHILD = "do:\n  - begin:\n      set: {i: 0}\n  - work:\n      for: {each: i, in: '${ [1] }'}\n      do:" + "".join(
    [_call("put", "PUT"), "\n      - pause:\n          wait: {milliseconds: 20}", _call("post", "POST")]
)

_WAITS = _rounds(
    """
      - wait:
          wait: {milliseconds: 40}
      - long:
          wait: {milliseconds: 250}
      - limited:
          try:
            - hang:
                wait: {seconds: 30}
                timeout: {after: {milliseconds: 60}}
          catch:
            errors: {with: {type: https://serverlessworkflow.io/spec/1.0.0/errors/timeout}}
            do:
              - caught:
                  set: {timed: out}""",
    _call("put", "PUT"),
)

_FORKS = _rounds(
    """
      - fork:
          fork:
            branches:""",
    _call("put", "PUT", depth=14),
    _call("post", "POST", depth=14),
    _shell("append", depth=14),
    """
              - pause:
                  wait: {milliseconds: 30}
      - race:
          fork:
            compete: true
            branches:""",
    _call("winner", "PUT", "ms=5", depth=14),
    _shell("loser", _APPEND_AND_STAY, depth=14),
)

_RETRIES = _rounds(
    """
      - again:
          try:""",
    _call("flaky", "PUT", "ms=5&fail=2", depth=12),
    """
          catch:
            errors: {with: {type: https://serverlessworkflow.io/spec/1.0.0/errors/communication}}
            retry:
              delay: {milliseconds: 20}
              limit: {attempt: {count: 50}}
      - lost:
          try:""",
    _call("post", "POST", depth=12),
    """
          catch:
            errors: {with: {type: kapell://errors/lost}}
            retry:
              delay: {milliseconds: 10}""",
)

_LARGE = _rounds(
    """
      - grow:
          set: {text: '${ [$workflow.input.filler, $workflow.input.filler, ($i|tostring)] | join("") }'}
      - helped:
          set: {found: '${ .text | test("y+$") }'}""",
    _call("put", "PUT"),
)

_LONG = _rounds(
    """
      - many:
          for: {each: j, in: '${ $workflow.input.many }'}
          do:
            - one:
                set: {j: '${ $j }'}""",
    _call("put", "PUT", "ms=50"),
)

_CANCELLED = _rounds(
    """
      - fork:
          fork:
            branches:""",
    _shell("stay", _APPEND_AND_STAY, depth=14),
    """
              - child:
                  run:
                    workflow:
                      namespace: crash
                      name: endless
                      version: '1.0.0'
                      input: {url: '${ $workflow.input.url }', file: '${ $workflow.input.file }'}""",
)

_ENDLESS = "do:\n  - begin:\n      set: {i: 0}\n  - work:\n      for: {each: i, in: '${ [1] }'}\n      do:" + _shell(
    "stay", _APPEND_AND_STAY
)

_REPAIRED = _rounds(
    _call("put", "PUT"),
    """
      - branches:
          fork:
            branches:
              - breaks:
                  if: ${ . != "mended" }
                  raise:
                    error: {type: https://kapell.example/broken, status: 500, title: Broken}""",
    _call("post", "POST", "ms=30", depth=14),
)

_SUSPENDED = _rounds(_call("put", "PUT"), "\n      - pause:\n          wait: {milliseconds: 60}", _call("post", "POST"))

_TEXTS = {
    "calls": _CALLS,
    "processes": _PROCESSES,
    "children": _CHILDREN,
    "child": _CHILD,
    "waits": _WAITS,
    "forks": _FORKS,
    "retries": _RETRIES,
    "large": _LARGE,
    "long": _LONG,
    "cancelled": _CANCELLED,
    "endless": _ENDLESS,
    "repaired": _REPAIRED,
    "suspended": _SUSPENDED,
}

SHARES = {
    "calls": 7,
    "processes": 6,
    "children": 5,
    "waits": 5,
    "forks": 6,
    "retries": 6,
    "large": 2,
    "long": 2,
    "cancelled": 4,
    "repaired": 4,
    "suspended": 3,
}
"""How many of the 50 runs there are of each kind."""

OFFERED = ("child", "endless")
"""What is only run as a child."""

_ROUNDS = {"calls": 12, "processes": 6, "children": 6, "waits": 10, "forks": 8, "retries": 10, "large": 4, "long": 8}


@cache
def load(name: str):
    return load_workflow(_HEAD.replace("NAME", name) + _TEXTS[name], name)


def list_runs() -> dict[str, str]:
    """Run id -> the name of its workflow."""
    return {f"{name}-{number}": name for name, count in SHARES.items() for number in range(count)}


def make_input(name: str, url: str, file: str) -> dict:
    rounds = list(range(_ROUNDS.get(name, 2)))
    value = {"url": url, "file": file, "rounds": rounds}
    if name == "large":
        value["filler"] = "x" * 150_000 + "y"
    if name == "long":
        value["many"] = list(range(600))
    return value
