Feature: Flow
  Decisions 7, 11, 12, 13 and 15: what is skipped, how branches meet, how loops go, what tasks are called.

  @decision-7
  Scenario: A skipped task gives its raw input, and the next task in order follows, whatever its own `then` says
    Given a workflow that does:
      """yaml
      - first: { if: "false", input: { from: "{ changed: true }" }, set: { ran: true }, then: third }
      - second: { set: { second: true, seen: "${ . }" } }
      - third: { set: { third: true, seen: "${ . }" } }
      """
    And the workflow input is:
      """yaml
      a: 1
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      third: true
      seen: { second: true, seen: { a: 1 } }
      """
    And first should have run 0 times

  @decision-7
  Scenario: A skipped task with `then: end` does not end the workflow
    Given a workflow that does:
      """yaml
      - first: { if: .go, set: { ran: true }, then: end }
      - second: { set: { second: true } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      second: true
      """

  @decision-7
  Scenario: A skipped task exports nothing
    Given a workflow that does:
      """yaml
      - first: { if: "false", set: { x: 0 }, export: { as: "{ a: 1 }" } }
      - look: { set: { context: "${ $context }" } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      context: {}
      """

  @decision-11
  Scenario: A fork gives the outputs of its branches in the order of their declaration
    Given a workflow that does:
      """yaml
      - together:
          fork:
            branches:
              - slow: { do: [ { rest: { wait: { seconds: 5 } } }, { say: { set: { slow: 5 } } } ] }
              - fast: { set: { fast: 0 } }
              - middle: { do: [ { rest: { wait: { seconds: 2 } } }, { say: { set: { middle: 2 } } } ] }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      - { slow: 5 }
      - { fast: 0 }
      - { middle: 2 }
      """
    And 5 seconds should have passed

  @decision-11
  Scenario: With `compete`, the first to end gives the output, and the others are cancelled at once
    Given a workflow that does:
      """yaml
      - race:
          fork:
            compete: true
            branches:
              - call: { call: http, with: { method: get, endpoint: "https://example.test" } }
              - rest: { do: [ { pause: { wait: { seconds: 3 } } }, { say: { set: { won: rest } } } ] }
      - after: { set: { won: "${ .won }" } }
      """
    And http answers:
      """yaml
      - takes: 60
        output: { won: call }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      won: rest
      """
    And 3 seconds should have passed
    And 1 request to http should have been cancelled

  @decision-11
  Scenario: With `compete`, a branch that faults is out of the race, and the others go on
    Given a workflow that does:
      """yaml
      - race:
          fork:
            compete: true
            branches:
              - broken: { raise: { error: { type: "https://example.test/broken", status: 500 } } }
              - slow: { do: [ { rest: { wait: { seconds: 3 } } }, { say: { set: { won: slow } } } ] }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      won: slow
      """
    And 3 seconds should have passed

  @decision-11
  Scenario: With `compete`, when all branches fault, the last fault is that of the fork
    Given a workflow that does:
      """yaml
      - race:
          fork:
            compete: true
            branches:
              - late:
                  do:
                    - rest: { wait: { seconds: 3 } }
                    - fail: { raise: { error: { type: "https://example.test/late", status: 500 } } }
              - early: { raise: { error: { type: "https://example.test/early", status: 500 } } }
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://example.test/late
      instance: /do/0/race/fork/branches/0/late/do/1/fail
      """

  @decision-11
  Scenario: The first fault of a branch cancels the others and faults the fork
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - together:
                fork:
                  branches:
                    - call: { call: http, with: { method: get, endpoint: "https://example.test" } }
                    - break:
                        do:
                          - rest: { wait: { seconds: 2 } }
                          - fail: { raise: { error: { type: "https://example.test/broken", status: 500 } } }
          catch:
            do:
              - handle: { set: { where: "${ $error.instance }" } }
      """
    And http answers:
      """yaml
      - takes: 60
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      where: /do/0/attempt/try/0/together/fork/branches/1/break/do/1/fail
      """
    And 2 seconds should have passed
    And 1 request to http should have been cancelled

  @decision-11
  Scenario: Branches see the context as it was at the fork, and at the join each adds the keys that it changed
    Given a workflow that does:
      """yaml
      - begin: { set: { x: 0 }, export: { as: "{ kept: 0, both: 0 }" } }
      - together:
          fork:
            branches:
              - one:
                  do:
                    - write: { set: { x: 0 }, export: { as: "$context + { one: 1, both: 1 }" } }
                    - rest: { wait: { seconds: 2 } }
                    - look: { set: { saw: "${ $context }" } }
              - two:
                  do:
                    - rest: { wait: { seconds: 1 } }
                    - look: { set: { saw: "${ $context }" } }
                    - write: { set: { saw: "${ .saw }" }, export: { as: "$context + { two: 2, both: 2 }" } }
      - show: { set: { branches: "${ . }", joined: "${ $context }" } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      branches:
        - saw: { kept: 0, both: 1, one: 1 }
        - saw: { kept: 0, both: 0 }
      joined: { kept: 0, both: 2, one: 1, two: 2 }
      """

  @decision-11
  Scenario: With `compete`, only the winner's context counts
    Given a workflow that does:
      """yaml
      - race:
          fork:
            compete: true
            branches:
              - loser:
                  do:
                    - write: { set: { x: 0 }, export: { as: "{ loser: true }" } }
                    - rest: { wait: { seconds: 9 } }
              - winner: { wait: { seconds: 1 }, export: { as: "{ winner: true }" } }
      - show: { set: { context: "${ $context }" } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      context: { winner: true }
      """

  @decision-11
  Scenario: Of contexts that are no objects, the one declared last wins
    Given a workflow that does:
      """yaml
      - together:
          fork:
            branches:
              - one: { do: [ { rest: { wait: { seconds: 5 } } }, { write: { set: { x: 0 }, export: { as: "[1]" } } } ] }
              - two: { set: { x: 0 }, export: { as: "[2]" } }
      - show: { set: { context: "${ $context }" } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      context: [2]
      """

  @decision-12
  Scenario: `while` is tested before each iteration, the first included, and each output is the next input
    Given a workflow that does:
      """yaml
      - never: { for: { in: "[1, 2, 3]" }, while: "false", do: [ { body: { set: { ran: true } } } ] }
      - some:
          for: { each: n, in: "[1, 2, 3, 4, 5]" }
          while: .sum < 6
          do:
            - add: { set: { sum: "${ .sum + $n }", went: "${ .went + [ $index ] }" } }
      """
    And the workflow input is:
      """yaml
      sum: 0
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      sum: 6
      went: [0, 1, 2]
      """
    And body should have run 0 times
    And add should have run 3 times

  @decision-12
  Scenario: A loop over nothing gives its input
    Given a workflow that does:
      """yaml
      - none: { for: { in: "[]" }, do: [ { body: { set: { ran: true } } } ] }
      """
    And the workflow input is:
      """yaml
      a: 1
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      a: 1
      """

  @decision-13
  Scenario: References inside loops and retries
    Given a workflow that does:
      """yaml
      - x:
          for: { in: "[1, 2]" }
          do:
            - a: { set: { refs: "${ .refs + [ $task.reference ] }" } }
            - y:
                try:
                  - b: { set: { refs: "${ .refs + [ $task.reference ] }" } }
                catch:
                  do:
                    - c: { set: { x: 0 } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      refs:
        - /do/0/x/for/0/do/0/a
        - /do/0/x/for/0/do/1/y/try/0/b
        - /do/0/x/for/1/do/0/a
        - /do/0/x/for/1/do/1/y/try/0/b
      """

  @decision-13
  Scenario: The entry and the attempt stand beside the reference, not in it
    Given a workflow that does:
      """yaml
      - call: { call: http, with: { method: get, endpoint: "https://example.test" } }
      - again: { switch: [ { more: { when: ".n < 3", then: call } }, { enough: { then: end } } ] }
      """
    And http answers:
      """yaml
      - output: { n: 1 }
      - output: { n: 2 }
      - output: { n: 3 }
      """
    When the workflow is executed
    Then the workflow should complete
    And the requests to http should have had the reference /do/0/call and the entries 1, 2, 3

  @decision-15
  Scenario: An exit code other than 0 is a runtime error
    Given a workflow that does:
      """yaml
      - fail: { run: { shell: { command: "echo out; echo oh >&2; exit 3" } } }
      """
    And a real shell
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://serverlessworkflow.io/spec/1.0.0/errors/runtime
      instance: /do/0/fail
      """

  @decision-15
  Scenario: With `return: code` or `all`, the exit code is the result
    Given a workflow that does:
      """yaml
      - code: { run: { shell: { command: "exit 3" }, return: code } }
      - all: { run: { shell: { command: "echo out; echo oh >&2; exit 4" }, return: all }, output: { as: "{ code: $input, all: . }" } }
      """
    And a real shell
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      code: 3
      all: { code: 4, stdout: "out", stderr: "oh" }
      """
