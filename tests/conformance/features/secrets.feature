Feature: Secrets
  Decision 5: where they may be read, that they are never recorded, and that nothing that is recorded shows them.

  Background:
    Given the secret apiKey is hunter2-and-more

  @decision-5
  Scenario: A secret reaches the call, and nothing of it is stored
    Given a workflow with definition:
      """yaml
      document: { dsl: '1.0.3', namespace: test, name: secrets, version: '1.0.0' }
      use: { secrets: [ apiKey ] }
      do:
        - call:
            call: http
            with:
              method: get
              endpoint: https://example.test
              headers: { X-Key: "${ $secrets.apiKey }" }
              query: { plain: "${ .plain }" }
      """
    And the workflow input is:
      """yaml
      plain: seen
      """
    And http answers:
      """yaml
      - output: { fine: true }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      fine: true
      """
    And http should have been asked with:
      """yaml
      headers: { X-Key: hunter2-and-more }
      query: { plain: seen }
      """
    And nothing that is stored should show hunter2-and-more

  @decision-5
  Scenario: In the input, in the environment and in the input from of an activity
    Given a workflow with definition:
      """yaml
      document: { dsl: '1.0.3', namespace: test, name: secrets, version: '1.0.0' }
      use: { secrets: [ apiKey ] }
      do:
        - run:
            run:
              shell: { command: deploy, stdin: "${ $secrets.apiKey }", environment: { KEY: "${ $secrets.apiKey }" } }
        - call:
            input: { from: "{ key: $secrets.apiKey }" }
            call: http
            with: { method: post, endpoint: "https://example.test", body: { key: "${ .key }" } }
      """
    And shell answers:
      """yaml
      - output: done
      """
    And http answers:
      """yaml
      - output: done
      """
    When the workflow is executed
    Then the workflow should complete
    And shell should have been asked with:
      """yaml
      stdin: hunter2-and-more
      environment: { KEY: hunter2-and-more }
      """
    And http should have been asked with:
      """yaml
      body: { key: hunter2-and-more }
      """
    And nothing that is stored should show hunter2-and-more

  @decision-5
  Scenario: What echoes a secret is redacted, in plain, base64 and URL-encoded form
    Given a workflow with definition:
      """yaml
      document: { dsl: '1.0.3', namespace: test, name: secrets, version: '1.0.0' }
      use: { secrets: [ apiKey ] }
      do:
        - call:
            call: http
            with: { method: get, endpoint: "https://example.test", headers: { X-Key: "${ $secrets.apiKey }" } }
      """
    And the secret apiKey is s3cr=t/with&signs
    And http answers:
      """yaml
      - output: { plain: "you said s3cr=t/with&signs!", url: "k=s3cr%3Dt%2Fwith%26signs", base64: "czNjcj10L3dpdGgmc2lnbnM=" }
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      plain: you said ***!
      url: k=***
      base64: "***"
      """

  @decision-5
  Scenario: An error that echoes a secret is redacted
    Given a workflow with definition:
      """yaml
      document: { dsl: '1.0.3', namespace: test, name: secrets, version: '1.0.0' }
      use: { secrets: [ apiKey ] }
      do:
        - call:
            call: http
            with: { method: get, endpoint: "https://example.test", headers: { X-Key: "${ $secrets.apiKey }" } }
      """
    And http answers:
      """yaml
      - error: { type: communication, status: 500, title: Oh, detail: "bad key hunter2-and-more" }
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      detail: bad key ***
      """
    And nothing that is stored should show hunter2-and-more

  @decision-5
  Scenario Outline: Elsewhere it is refused, with the reason
    Given a workflow with definition:
      """yaml
      document: { dsl: '1.0.3', namespace: test, name: secrets, version: '1.0.0' }
      use: { secrets: [ apiKey ] }
      do:
        - task: <task>
      """
    When the workflow is checked
    Then the check should say: `$secrets` cannot be read here

    Examples:
      | task                                                                                             |
      | { set: { key: "${ $secrets.apiKey }" } }                                                         |
      | { if: $secrets.apiKey, set: { x: 0 } }                                                                 |
      | { set: { x: 0 }, output: { as: $secrets.apiKey } }                                                     |
      | { set: { x: 0 }, export: { as: $secrets } }                                                            |
      | { raise: { error: { type: "https://a.test/b", status: 500, detail: "${ $secrets.apiKey }" } } }  |
      | { emit: { event: { with: { type: a, source: "https://a.test", data: "${ $secrets }" } } } }      |
      | { switch: [ { a: { when: $secrets.apiKey, then: end } } ] }                                      |

  @decision-5
  Scenario: A secret that does not exist is an authorization error
    Given a workflow with definition:
      """yaml
      document: { dsl: '1.0.3', namespace: test, name: secrets, version: '1.0.0' }
      use: { secrets: [ other ] }
      do:
        - call:
            call: http
            with: { method: get, endpoint: "https://example.test", headers: { X-Key: "${ $secrets.other }" } }
      """
    And http answers:
      """yaml
      - output: done
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://serverlessworkflow.io/spec/1.0.0/errors/authorization
      status: 403
      instance: /do/0/call
      """
    And http should have been asked 0 times
