Feature: Checks
  Decisions 21 and 22, what is accepted from ahead of 1.0.3, and the rules by which Kapell extends the language.

  @decision-22
  Scenario Outline: What the schema does not check, the linter does
    Given a workflow that does:
      """yaml
      <tasks>
      """
    When the workflow is checked
    Then the check should find an error
    And the check should say: <said>

    Examples:
      | tasks                                                                                                          | said                                       |
      | [ { a: { set: { x: 0 } } }, { a: { set: { x: 0 } } } ]                                                                     | the name `a` is already that of the task   |
      | [ { a: { set: { x: 0 }, then: c } }, { b: { set: { x: 0 } } } ]                                                            | there is no task `c`                       |
      | [ { a: { do: [ { b: { set: { x: 0 } } } ] } }, { c: { set: { x: 0 }, then: b } } ]                                         | the task `b` is not in this list           |
      | [ { a: { switch: [ { x: { then: end } }, { y: { then: end } } ] } } ]                                          | default                                    |
      | [ { a: { do: [] } } ]                                                                                          | has no tasks                               |
      | [ { a: { call: http, with: { method: get, endpoint: { uri: "https://a.test", authentication: { use: x } } } } } ] | there is no authentication `x`             |
      | [ { a: { try: [ { b: { set: { x: 0 } } } ], catch: { retry: x } } } ]                                                | there is no retry policy `x`               |
      | [ { a: { raise: { error: x } } } ]                                                                             | there is no error `x`                      |
      | [ { a: { set: { x: 0 }, timeout: x } } ]                                                                             | there is no timeout `x`                    |
      | [ { a: { call: x } } ]                                                                                         | there is no function `x`                   |

  @decision-22
  Scenario: A task that is never reached
    Given a workflow that does:
      """yaml
      - a: { set: { x: 0 }, then: end }
      - b: { set: { x: 0 } }
      """
    When the workflow is checked
    Then the check should say: `b` is never reached

  @decision-22
  Scenario: One kind of schedule
    Given a workflow with definition:
      """yaml
      document: { dsl: '1.0.3', namespace: test, name: two, version: '1.0.0' }
      schedule: { every: { hours: 1 }, cron: "0 0 * * *" }
      do: [ { a: { set: { x: 0 } } } ]
      """
    When the workflow is checked
    Then the check should find an error
    And the check should say: the schedule has `every` and `cron`

  @decision-21
  Scenario: A grant that needs a person is refused with the reason
    Given a workflow that does:
      """yaml
      - a:
          call: http
          with:
            method: get
            endpoint:
              uri: https://a.test
              authentication:
                oauth2: { authority: "https://auth.test", grant: authorization_code }
      """
    When the workflow is checked
    Then the check should find an error
    And the check should say: needs a person who signs in

  @ahead
  Scenario: `catch.then` leads on after the handler
    Given a workflow that does:
      """yaml
      - attempt:
          try: [ { fail: { raise: { error: { type: "https://a.test/b", status: 500 } } } } ]
          catch: { then: last }
      - between: { set: { between: true } }
      - last: { set: { last: true } }
      """
    When the workflow is checked
    Then the check should find no error
    And the check should say: `catch.then` is ahead of version 1.0.3
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      last: true
      """
    And between should have run 0 times

  @ahead
  Scenario: A list may be written in `for.in`
    Given a workflow that does:
      """yaml
      - each: { for: { each: x, in: [ 1, "${ .two }", three ] }, do: [ { add: { set: { all: "${ .all + [ $x ] }", two: "${ .two }" } } } ] }
      """
    And the workflow input is:
      """yaml
      two: 2
      """
    When the workflow is checked
    Then the check should say: a list written in `for.in` is ahead of version 1.0.3
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      two: 2
      all: [1, 2, three]
      """

  @ahead
  Scenario: An event may be emitted with only a type
    Given a workflow that does:
      """yaml
      - tell: { emit: { event: { with: { type: done } } } }
      """
    When the workflow is checked
    Then the check should say: an event without `source` is ahead of version 1.0.3
    When the workflow is executed
    Then the workflow should complete
    And the workflow output should have properties 'id', 'source', 'specversion', 'time', 'type'
    And 1 event should have been emitted

  @ahead
  Scenario: A reference may be relative
    Given a workflow that does:
      """yaml
      - tell: { emit: { event: { with: { type: done, source: /orders/7 } } } }
      """
    When the workflow is checked
    Then the check should find no error
    When the workflow is executed
    Then the workflow output should have a 'source' property with value:
      """yaml
      /orders/7
      """

  @ahead
  Scenario: `schedule.read` validates
    Given a workflow with definition:
      """yaml
      document: { dsl: '1.0.3', namespace: test, name: read, version: '1.0.0' }
      schedule: { on: { one: { with: { type: ordered } } }, read: envelope }
      do: [ { a: { set: { x: 0 } } } ]
      """
    When the workflow is checked
    Then the check should find no error
    And the check should say: `schedule.read` is ahead of version 1.0.3

  @extension-1
  Scenario: There are no keys of Kapell's own on tasks or at the root
    Given a workflow that does:
      """yaml
      - a: { set: { x: 0 }, x-kapell: { target: web-1 } }
      """
    When the workflow is checked
    Then the check should find an error
    And the check should say: `x-kapell` is no key

  @extension-2
  Scenario: A call of a catalog function validates, and is refused at the start by name while it is not there
    Given a workflow that does:
      """yaml
      - ask: { call: "approval:1.0.0@default", with: { question: Really? } }
      """
    When the workflow is checked
    Then the check should find no error
    When the workflow is started
    Then the start should be refused with: not supported yet: functions of a catalog (`call: approval:1.0.0@default`) (task `ask`)

  @extension-3
  Scenario: Tags and metadata change nothing of what happens
    Given a workflow with definition:
      """yaml
      document: { dsl: '1.0.3', namespace: test, name: hints, version: '1.0.0', tags: { kapell: please }, metadata: { a: "${ error }" } }
      do:
        - a: { set: { a: 1 }, metadata: { kapell: { if: false }, then: end } }
        - b: { set: { a: "${ .a + 1 }" }, metadata: {} }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      a: 2
      """

  @not-yet
  Scenario Outline: What validates and cannot run yet is refused at the start
    Given a workflow with definition:
      """yaml
      document: { dsl: '1.0.3', namespace: test, name: later, version: '1.0.0' }
      <more>
      do: [ { a: <task> } ]
      """
    When the workflow is checked
    Then the check should find no error
    When the workflow is started
    Then the start should be refused with: not supported yet: <said>

    Examples:
      | more                              | task                                                                        | said                |
      |                                   | { run: { container: { image: a } } }                                        | `run: container`    |
      |                                   | { call: grpc, with: { proto: { endpoint: "https://a.test/x" }, service: { name: s, host: h }, method: m } } | `call: grpc`        |
