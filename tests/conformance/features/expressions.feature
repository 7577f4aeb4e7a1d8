Feature: Expressions
  Decisions 2 to 6 and 14: where expressions stand, what they give and what they see.

  @decision-2
  Scenario Outline: Where an expression is always meant, `${ }` may be left out
    Given a workflow that does:
      """yaml
      - first:
          if: <open> .wanted == true<close>
          input: { from: "<open>{ list: .list }<close>" }
          for: { each: item, in: "<open> .list<close>" }
          while: <open>2 > $index<close>
          do:
            - add: { set: { list: "${ .list + [ $item * 10 ] }" } }
          output: { as: "<open> .list<close>" }
          export: { as: "<open>{ kept: . }<close>" }
      - choose:
          switch:
            - long: { when: "<open> length > 3<close>", then: last }
            - other: { then: end }
      - last: { set: { list: "${ . }", kept: "${ $context.kept }" } }
      """
    And the workflow input is:
      """yaml
      wanted: true
      list: [1, 2, 3]
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      list: [1, 2, 3, 10, 20]
      kept: [1, 2, 3, 10, 20]
      """

    Examples:
      | open | close |
      |      |       |
      | ${   | }     |

  @decision-2
  Scenario: Elsewhere a text without `${ }` is a text
    Given a workflow that does:
      """yaml
      - keep: { set: { text: .name, value: "${ .name }" } }
      """
    And the workflow input is:
      """yaml
      name: Ada
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      text: .name
      value: Ada
      """

  @decision-2
  Scenario: In `when` and `exceptWhen` of a `catch` too
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - fail: { raise: { error: { type: "https://example.test/first", status: 418 } } }
          catch:
            when: $error.status > 400
            exceptWhen: ${ $error.status > 500 }
            do:
              - handle: { set: { caught: true } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      caught: true
      """

  @decision-2
  Scenario: In `until` and `correlate` of a `listen` too
    Given a workflow that does:
      """yaml
      - wait:
          listen:
            to:
              any:
                - with: { type: measured }
                  correlate: { room: { from: .data.room } }
              until: ( . | length ) > 3
      """
    When the workflow is checked
    Then the check should find no error

  @decision-3
  Scenario: `${ }` within a longer text is not evaluated
    Given a workflow that does:
      """yaml
      - keep: { set: { text: "Hello ${ .name }!", home: "${HOME}/bin", both: "${ .a } and ${ .b }" } }
      """
    When the workflow is checked
    Then the check should find no error
    And the check should say: `${ }` within a longer text is not evaluated
    And the check should say: Write ${ "Hello \(.name)!" } if it should be
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      text: Hello ${ .name }!
      home: ${HOME}/bin
      both: ${ .a } and ${ .b }
      """

  @decision-3
  Scenario: A shell's own variables survive
    Given a workflow that does:
      """yaml
      - say: { run: { shell: { command: 'X=1; echo "x is ${X}"' } } }
      """
    And a real shell
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      x is 1
      """

  @decision-4
  Scenario: No result is null, and of several results the first counts
    Given a workflow that does:
      """yaml
      - keep: { set: { none: "${ .list[] | select(. > 9) }", several: "${ .list[] }", empty: "${ empty }" } }
      """
    And the workflow input is:
      """yaml
      list: [4, 5, 6]
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      none: null
      several: 4
      empty: null
      """

  @decision-4
  Scenario: A condition without a result does not hold
    Given a workflow that does:
      """yaml
      - keep: { if: "empty", set: { ran: true } }
      """
    And the workflow input is:
      """yaml
      ran: false
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      ran: false
      """

  @decision-6
  Scenario: The context is an empty object at first
    Given a workflow that does:
      """yaml
      - look: { set: { context: "${ $context }", kind: "${ $context | type }" } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      context: {}
      kind: object
      """

  @decision-14
  Scenario: `export.as` sees the transformed output, and replaces the context
    Given a workflow that does:
      """yaml
      - first:
          set: { raw: 1 }
          output: { as: "{ transformed: .raw }" }
          export: { as: "{ first: ., raw: $task.output }" }
      - second:
          set: { raw: 2 }
          export: { as: "{ second: .raw, before: $context }" }
      - look: { set: { context: "${ $context }" } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      context: { second: 2, before: { first: { transformed: 1 }, raw: { raw: 1 } } }
      """

  @decision-14
  Scenario: A task without `export` leaves the context as it is
    Given a workflow that does:
      """yaml
      - first: { set: { x: 0 }, export: { as: "{ a: 1 }" } }
      - second: { set: { b: 2 } }
      - look: { set: { context: "${ $context }" } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      context: { a: 1 }
      """

  @numbers
  Scenario: Whole numbers of 64 bits are kept exactly
    Given a workflow that does:
      """yaml
      - keep: { set: { large: 9223372036854775807, small: -9223372036854775808, given: "${ .id }", next: "${ .id + 1 }" } }
      """
    And the workflow input is:
      """yaml
      id: 9007199254740993
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      large: 9223372036854775807
      small: -9223372036854775808
      given: 9007199254740993
      next: 9007199254740994
      """

  @yaml
  Scenario: A key that stands twice is refused
    Given a workflow that does:
      """yaml
      - keep: { set: { a: 1, a: 2 } }
      """
    When the workflow is checked
    Then the check should say: stands here for the second time

  @yaml
  Scenario: `on`, `yes` and `no` are texts, as in YAML 1.2
    Given a workflow that does:
      """yaml
      - keep: { set: { on: yes, off: no } }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      "on": "yes"
      "off": "no"
      """
