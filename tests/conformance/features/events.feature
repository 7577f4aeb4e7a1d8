Feature: Events
  Decisions 16 to 19: what a listening task hears, when an event fits, what correlates, what is read.

  A run hears what it emits itself, as everybody else in its namespace does; so these scenarios need nobody else.

  @decision-16
  Scenario: An event that arrived before the task began, but after the run did, is heard
    Given a workflow that does:
      """yaml
      - tell: { emit: { event: { with: { type: test.said, source: "https://a.test", data: 1 } } } }
      - rest: { wait: PT5S }
      - hear: { listen: { to: { one: { with: { type: test.said } } } } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [1]
      """

  @decision-16
  Scenario: Events are heard in the order in which they arrived, each once, also in a loop
    Given a workflow that does:
      """yaml
      - tell:
          for: { each: n, in: "[1, 2, 3]" }
          do: [ { say: { emit: { event: { with: { type: test.said, source: "https://a.test", data: "${ $n }" } } } } } ]
      - hear:
          for: { each: n, in: "[1, 2, 3]" }
          input: { from: "[]" }
          do:
            - one: { listen: { to: { one: { with: { type: test.said } } } }, output: { as: "$input + ." } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [1, 2, 3]
      """

  @decision-16
  Scenario: Each round of a loop finds its own event among those that arrived since the start
    Given a workflow that does:
      """yaml
      - tell:
          for: { each: n, in: "[3, 1, 2]" }
          do: [ { say: { emit: { event: { with: { type: test.said, source: "https://a.test", data: "${ $n }" } } } } } ]
      - hear:
          for: { each: n, in: "[1, 2, 3]" }
          input: { from: "[]" }
          do:
            - one:
                listen: { to: { one: { with: { type: test.said, data: "${ . == $n }" } } } }
                output: { as: "$input + ." }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [1, 2, 3]
      """

  @decision-16
  Scenario: Two tasks may hear the same event
    Given a workflow that does:
      """yaml
      - tell: { emit: { event: { with: { type: test.said, source: "https://a.test", data: 1 } } } }
      - both:
          fork:
            branches:
              - a: { listen: { to: { one: { with: { type: test.said } } } } }
              - b: { listen: { to: { any: [] } } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [ [1], [1] ]
      """

  @decision-16
  Scenario: An event that arrives twice, with one source and id, is heard once
    Given a workflow that does:
      """yaml
      - one: { emit: { event: { with: { type: test.said, id: same, source: "https://a.test", data: 1 } } } }
      - two: { emit: { event: { with: { type: test.said, id: same, source: "https://a.test", data: 2 } } } }
      - three: { emit: { event: { with: { type: test.said, id: same, source: "https://b.test", data: 3 } } } }
      - hear: { listen: { to: { any: [ { with: { type: test.said } } ], until: "(. | length) == 2" } } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [1, 3]
      """

  @decision-17
  Scenario Outline: What fits a filter
    Given a workflow that does:
      """yaml
      - no: { emit: { event: { with: { type: test.no, source: "https://a.test", subject: abc, data: { n: 1 } } } } }
      - text: { emit: { event: { with: { type: test.no, source: "https://a.test", data: text } } } }
      - yes: { emit: { event: { with: { type: test.yes, source: "https://a.test", subject: ab, data: { n: 2 } } } } }
      - hear: { listen: { to: { one: { with: <filter> } } } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [ { n: 2 } ]
      """

    Examples:
      | filter                                    |
      | { type: test.yes }                        |
      | { type: "test[.]y.*" }                    |
      | { subject: "[ab]+" }                      |
      | { type: "${ startswith(\"test.y\") }" }   |
      | { type: "${ \"test.yes\" }" }             |
      | { data: { n: 2 } }                        |
      | { data: "${ .n > 1 }" }                   |
      | { data: "${ {n: 2} }" }                   |
      | { data: "${ .n == 2 }", subject: "a.*" }  |

  @decision-17
  Scenario: A dot alone makes no regular expression
    Given a workflow that does:
      """yaml
      - no: { emit: { event: { with: { type: test-said, source: "https://a.test", data: 1 } } } }
      - yes: { emit: { event: { with: { type: test.said, source: "https://a.test", data: 2 } } } }
      - hear: { listen: { to: { one: { with: { type: test.said } } } } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [2]
      """

  @decision-17
  Scenario: An event satisfies the first filter of `all` that is still open
    Given a workflow that does:
      """yaml
      - one: { emit: { event: { with: { type: test.a, source: "https://a.test", data: 1 } } } }
      - two: { emit: { event: { with: { type: test.a, source: "https://a.test", data: 2 } } } }
      - three: { emit: { event: { with: { type: test.b, source: "https://a.test", data: 3 } } } }
      - hear: { listen: { to: { all: [ { with: { type: test.b } }, { with: { type: test.a } } ] } } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [1, 3]
      """

  @decision-17
  Scenario: Events that end a listening are no part of its output
    Given a workflow that does:
      """yaml
      - one: { emit: { event: { with: { type: test.a, source: "https://a.test", data: 1 } } } }
      - two: { emit: { event: { with: { type: test.end, source: "https://a.test", data: 2 } } } }
      - three: { emit: { event: { with: { type: test.a, source: "https://a.test", data: 3 } } } }
      - hear: { listen: { to: { any: [], until: { one: { with: { type: test.end } } } } } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [1]
      """

  @decision-17
  Scenario: Each event goes through the tasks of `foreach` before the next one is heard
    Given a workflow that does:
      """yaml
      - tell:
          for: { each: n, in: "[5, 6, 7]" }
          do: [ { say: { emit: { event: { with: { type: test.said, source: "https://a.test", data: "${ $n }" } } } } } ]
      - hear:
          input: { from: "{ base: 10 }" }
          listen: { to: { any: [ { with: { type: test.said } } ], until: "(. | last) == 7" } }
          foreach:
            item: said
            at: number
            do:
              - rest: { wait: PT1S }
              - make: { set: { at: "${ $number }", made: "${ .base * $said }" } }
            output: { as: .made }
            export: { as: "{ last: $said, at: $number }" }
      - give: { set: { made: "${ . }", context: "${ $context }" } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      made: [50, 60, 70]
      context: { last: 7, at: 2 }
      """
    And 3 seconds should have passed

  @decision-18
  Scenario: The value that was extracted first holds for the run
    Given a workflow that does:
      """yaml
      - tell:
          for: { each: n, in: '[["a", 1], ["b", 2], ["b", 1], ["c", 2], ["c", 1]]' }
          do:
            - say:
                emit:
                  event:
                    with: { type: "${ \"test.\\($n[0])\" }", source: "https://a.test", data: { order: "${ $n[1] }", at: "${ $index }" } }
      - hear:
          listen:
            to:
              all:
                - { with: { type: test.a }, correlate: { order: { from: .data.order } } }
                - { with: { type: test.b }, correlate: { order: { from: .data.order } } }
          output: { as: "map(.at)" }
      - then:
          listen: { to: { one: { with: { type: test.c }, correlate: { order: { from: .data.order } } } } }
          output: { as: "$input + map(.at)" }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [0, 2, 4]
      """

  @decision-18
  Scenario: What is expected is evaluated when the task begins, and goes before what was extracted
    Given a workflow that does:
      """yaml
      - tell:
          for: { each: n, in: "[1, 2]" }
          do: [ { say: { emit: { event: { with: { type: test.a, source: "https://a.test", data: "${ $n }" } } } } } ]
      - hear:
          for: { each: n, in: "[2, 1]" }
          input: { from: "[]" }
          do:
            - one:
                listen: { to: { one: { with: { type: test.a }, correlate: { n: { from: .data, expect: "${ $n }" } } } } }
                output: { as: "$input + ." }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [2, 1]
      """

  @decision-19
  Scenario Outline: What is read of an event
    Given a workflow that does:
      """yaml
      - tell:
          emit: { event: { with: { type: test.said, id: x, source: "https://a.test", time: "2026-01-31T12:00:00Z", data: 1 } } }
      - hear: { listen: <listen> }
      - give: { set: { read: "${ .[0] | if type == \"string\" then fromjson | .id else (objects | .id) // . end }" } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      read: <read>
      """

    Examples:
      | listen                                                        | read |
      | { to: { one: { with: { type: test.said } } } }                | 1    |
      | { to: { one: { with: { type: test.said } } }, read: data }     | 1    |
      | { to: { one: { with: { type: test.said } } }, read: envelope } | x    |
      | { to: { one: { with: { type: test.said } } }, read: raw }      | x    |
