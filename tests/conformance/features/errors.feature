Feature: Errors and retries
  Decisions 1, 8, 9 and 10: which errors a filter names, and when a `try` tries again.

  @decision-1
  Scenario Outline: Each of the four forms of a standard type matches it in a filter
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - call: { call: http, with: { method: get, endpoint: "https://example.test" } }
          catch:
            errors: { with: { type: "<form>" } }
            do:
              - handle: { set: { caught: true } }
      """
    And http answers:
      """yaml
      - error: { type: communication, status: 503 }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      caught: true
      """

    Examples:
      | form                                                                             |
      | https://serverlessworkflow.io/spec/1.0.0/errors/communication                    |
      | https://serverlessworkflow.io/dsl/errors/types/communication                     |
      | https://open-workflow-specification.org/spec/1.0.0/errors/communication          |
      | https://open-workflow-specification.org/dsl/errors/types/communication           |

  @decision-1
  Scenario: A standard type is reported in one form, whichever way it was written
    Given a workflow that does:
      """yaml
      - fail:
          raise: { error: { type: "https://open-workflow-specification.org/dsl/errors/types/timeout", status: 408 } }
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://serverlessworkflow.io/spec/1.0.0/errors/timeout
      status: 408
      instance: /do/0/fail
      """

  @decision-1
  Scenario: A type of one's own is compared as it stands
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - fail: { raise: { error: { type: "https://example.test/errors/communication", status: 500 } } }
          catch:
            errors: { with: { type: "https://serverlessworkflow.io/spec/1.0.0/errors/communication" } }
            do:
              - handle: { set: { caught: true } }
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://example.test/errors/communication
      """

  @decision-8
  Scenario: With both `retry` and `do`, it is tried again first
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - call: { call: http, with: { method: get, endpoint: "https://example.test" } }
          catch:
            retry: { delay: { seconds: 1 }, limit: { attempt: { count: 3 } } }
            do:
              - handle: { set: { handled: true } }
      """
    And http answers:
      """yaml
      - error: { type: communication, status: 503 }
      - error: { type: communication, status: 503 }
      - output: { fine: true }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      fine: true
      """
    And http should have been asked 3 times
    And 2 seconds should have passed

  @decision-8
  Scenario: When the retries are used up, `do` runs once
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - call: { call: http, with: { method: get, endpoint: "https://example.test" } }
          catch:
            retry: { limit: { attempt: { count: 2 } } }
            do:
              - handle: { set: { handled: "${ $error.status }" } }
      """
    And http answers:
      """yaml
      - error: { type: communication, status: 503 }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      handled: 503
      """
    And http should have been asked 3 times
    And handle should have run 1 time

  @decision-8
  Scenario: When the policy does not want this error again, `do` runs at once
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - call: { call: http, with: { method: get, endpoint: "https://example.test" } }
          catch:
            retry: { when: "$error.status == 429", limit: { attempt: { count: 5 } } }
            do:
              - handle: { set: { handled: "${ $error.status }" } }
      """
    And http answers:
      """yaml
      - error: { type: communication, status: 503 }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      handled: 503
      """
    And http should have been asked 1 time

  @decision-8
  Scenario: An error in `do` is not caught by the same `try`
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - fail: { raise: { error: { type: "https://example.test/first", status: 500 } } }
          catch:
            do:
              - again: { raise: { error: { type: "https://example.test/second", status: 500 } } }
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://example.test/second
      instance: /do/0/attempt/catch/do/0/again
      """
    And again should have run 1 time

  @decision-9
  Scenario: The whole list of a `try` is tried again, from the input of the `try`
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - count: { set: { tries: "${ .tries + 1 }" } }
            - call: { call: http, with: { method: get, endpoint: "https://example.test" }, output: { as: "$input" } }
          catch:
            retry: { limit: { attempt: { count: 3 } } }
      """
    And the workflow input is:
      """yaml
      tries: 10
      """
    And http answers:
      """yaml
      - error: { type: communication, status: 503 }
      - error: { type: communication, status: 503 }
      - output: {}
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      tries: 11
      """
    And count should have run 3 times

  @decision-9
  Scenario: The count of a limit does not count the first try
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - call: { call: http, with: { method: get, endpoint: "https://example.test" } }
          catch:
            retry: { limit: { attempt: { count: 4 } } }
      """
    And http answers:
      """yaml
      - error: { type: communication, status: 503 }
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      status: 503
      """
    And http should have been asked 5 times

  @decision-9
  Scenario: A lost attempt that is not idempotent is not tried again by a filter that does not name the lost type
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - order: { call: http, with: { method: post, endpoint: "https://example.test" } }
          catch:
            retry: { limit: { attempt: { count: 3 } } }
            do:
              - handle: { set: { type: "${ $error.type }" } }
      """
    And http answers:
      """yaml
      - takes: forever
      - output: { second: true }
      """
    When the engine dies with an attempt under way
    Then the workflow should complete with output:
      """yaml
      type: kapell://errors/lost
      """
    And http should have been asked 1 time

  @decision-9
  Scenario: A lost attempt that is not idempotent is tried again by a filter that names the lost type
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - order: { call: http, with: { method: post, endpoint: "https://example.test" } }
          catch:
            errors: { with: { type: "kapell://errors/lost" } }
            retry: { limit: { attempt: { count: 3 } } }
      """
    And http answers:
      """yaml
      - takes: forever
      - output: { second: true }
      """
    When the engine dies with an attempt under way
    Then the workflow should complete with output:
      """yaml
      second: true
      """
    And http should have been asked 2 times

  @decision-9
  Scenario: A lost attempt that is idempotent is made again, with the same key
    Given a workflow that does:
      """yaml
      - look: { call: http, with: { method: get, endpoint: "https://example.test" } }
      """
    And http is idempotent
    And http answers:
      """yaml
      - takes: forever
      - output: { second: true }
      """
    When the engine dies with an attempt under way
    Then the workflow should complete with output:
      """yaml
      second: true
      """
    And http should have been asked 2 times
    And all requests to http should have had the same key

  @decision-10
  Scenario Outline: How long a retry waits
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - call: { call: http, with: { method: get, endpoint: "https://example.test" } }
          catch:
            retry: { delay: { seconds: 3 }, backoff: <backoff>, limit: { attempt: { count: 4 } } }
            do:
              - handle: { set: { x: 0 } }
      """
    And http answers:
      """yaml
      - error: { type: communication, status: 503 }
      """
    When the workflow is executed
    Then the workflow should complete
    And the retries should have waited <seconds> seconds

    Examples:
      | backoff                                                           | seconds      |
      | { constant: {} }                                                  | 3, 3, 3, 3   |
      | { linear: {} }                                                    | 3, 6, 9, 12  |
      | { exponential: {} }                                               | 3, 6, 12, 24 |
      | { exponential: { factor: 3 } }                                    | 3, 9, 27, 81 |
      | { exponential: { factor: 3, maxDelay: { seconds: 20 } } }         | 3, 9, 20, 20 |

  @decision-10
  Scenario: Jitter is added to the delay, within its bounds
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - call: { call: http, with: { method: get, endpoint: "https://example.test" } }
          catch:
            retry:
              delay: { seconds: 10 }
              jitter: { from: { seconds: 1 }, to: { seconds: 2 } }
              limit: { attempt: { count: 20 } }
            do:
              - handle: { set: { x: 0 } }
      """
    And http answers:
      """yaml
      - error: { type: communication, status: 503 }
      """
    When the workflow is executed
    Then the workflow should complete
    And each retry should have waited between 11 and 12 seconds, not all of them the same

  @decision-23
  Scenario: The status of a raised error may come from an expression, so that an error can be raised again
    Given a workflow that does:
      """yaml
      - attempt:
          try:
            - fail: { raise: { error: { type: "https://example.test/first", status: 418, title: Teapot } } }
          catch:
            do:
              - again: { raise: { error: { type: "${ $error.type }", status: "${ $error.status }", title: "${ $error.title }" } } }
      """
    When the workflow is checked
    Then the check should say: a `status` from an expression is ahead of version 1.0.3
    And the check should find no error
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://example.test/first
      status: 418
      title: Teapot
      """

  @decision-23
  Scenario: A status that is no whole number is an error of the expression
    Given a workflow that does:
      """yaml
      - fail: { raise: { error: { type: "https://example.test/first", status: "${ .status }" } } }
      """
    And the workflow input is:
      """yaml
      status: teapot
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://serverlessworkflow.io/spec/1.0.0/errors/expression
      instance: /do/0/fail
      """
