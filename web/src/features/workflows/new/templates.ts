/** Texts that a new workflow can begin with. Each is a valid workflow that says what it does. */

export interface Template {
  key: string;
  title: string;
  /** What it shows. */
  summary: string;
  /** What comes after the lines about the document. */
  body: string;
  about: string;
}

export const TEMPLATES: Template[] = [
  {
    key: "hello",
    title: "Hello",
    summary: "An input with a schema, and one task that sets data: the smallest useful workflow.",
    about: "Says hello to somebody.",
    body: `# What a run is started with. The start form is made from this.
input:
  schema:
    document:
      type: object
      required: [who]
      properties:
        who:
          type: string
          description: Who is greeted.
          default: world
do:
  # What stands in \${ } is an expression (jq). The dot is the task's input: first that of the run.
  - greet:
      set:
        greeting: \${ "Hello, \\(.who)!" }
`,
  },
  {
    key: "call",
    title: "Call a service, with retries",
    summary: "An HTTP call that is tried again while the service is busy, and a way out when it stays so.",
    about: "Asks a service, again while it is busy.",
    body: `input:
  schema:
    document:
      type: object
      required: [address]
      properties:
        address:
          type: string
          format: uri
          description: The address that is asked.
use:
  retries:
    # Half a second, one, two, four seconds later: five tries in all.
    whileBusy:
      when: \${ $error.status == 503 or $error.status == 429 }
      delay:
        milliseconds: 500
      backoff:
        exponential: {}
      limit:
        attempt:
          count: 4
do:
  - ask:
      try:
        - get:
            call: http
            with:
              method: get
              endpoint: \${ .address }
            timeout:
              after:
                seconds: 30
      catch:
        as: error
        retry: whileBusy
        # Reached when no try is left, or the error is another one.
        do:
          - giveUp:
              set:
                answered: false
                why: \${ $error.title }
`,
  },
  {
    key: "fork",
    title: "Do things at the same time",
    summary: "Two branches that run side by side, and a task that goes on with both results.",
    about: "Does two things at the same time.",
    body: `do:
  - both:
      fork:
        branches:
          - stock:
              do:
                - lookUp:
                    wait:
                      seconds: 1
                - tell:
                    set:
                      inStock: 12
          - price:
              do:
                - calculate:
                    wait:
                      seconds: 2
                - tell:
                    set:
                      price: 9.5
      # The fork's output is a list: one result for each branch, in the order of the text.
  - sum:
      set:
        offer: \${ add }
`,
  },
  {
    key: "loop",
    title: "Repeat for each",
    summary: "A loop over a list of the input, with a choice within.",
    about: "Goes through a list.",
    body: `input:
  schema:
    document:
      type: object
      required: [hosts]
      properties:
        hosts:
          type: array
          items:
            type: string
          description: The hosts that are looked at.
          default: [a.example, b.example, test.example]
do:
  - eachHost:
      for:
        each: host
        in: \${ .hosts }
      do:
        - choose:
            switch:
              - isTest:
                  when: \${ $host | startswith("test.") }
                  then: pass
              - default:
                  then: check
        - check:
            set:
              host: \${ $host }
              checked: true
            then: exit
        - pass:
            set:
              host: \${ $host }
              checked: false
`,
  },
  {
    key: "decision",
    title: "Wait for a decision",
    summary: "Asks a service until somebody has decided there, with a limit; then goes one way or the other.",
    about: "Waits until somebody has decided.",
    body: `input:
  schema:
    document:
      type: object
      required: [decisionAddress]
      properties:
        decisionAddress:
          type: string
          format: uri
          description: 'Where the decision can be read, such as {"decision": "approved"}.'
do:
  # A wait costs nothing while it lasts: the run stands in the database, and outlives a restart of the server.
  - untilDecided:
      for:
        each: round
        in: \${ [range(60)] }
      while: \${ (.decision // "") == "" }
      do:
        - pause:
            wait:
              minutes: 1
        - look:
            call: http
            with:
              method: get
              endpoint: \${ $workflow.input.decisionAddress }
  - decide:
      switch:
        - isApproved:
            when: \${ .decision == "approved" }
            then: goOn
        - default:
            then: refuse
  - refuse:
      raise:
        error:
          type: https://errors.example/not-approved
          status: 403
          title: It was not approved
  - goOn:
      set:
        approved: true
`,
  },
];

/** Returns the text of a template under a name. */
export function writeTemplate(template: Template, namespace: string, name: string): string {
  return `document:
  dsl: '1.0.3'
  namespace: ${quoteIfNumber(namespace)}
  name: ${quoteIfNumber(name)}
  version: '0.1.0'
  title: ${template.title}
  summary: ${template.about}
${template.body}`;
}

/** A name of digits alone, or a word that means something else in YAML, must be a text. */
function quoteIfNumber(word: string): string {
  return /^(\d.*|true|false|null|yes|no|on|off)$/i.test(word) ? `'${word}'` : word;
}

const LABEL = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

/** Says what is wrong with a name; an empty text where nothing is. */
export function judgeName(name: string): string {
  if (name === "" || LABEL.test(name)) return "";
  return "At most 63 letters, digits and hyphens; a hyphen stands neither first nor last.";
}
