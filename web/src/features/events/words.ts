/** How an event came, in words, and the commands that send one. */

/** How an event came: its kind, and who or what it was. */
export interface Way {
  kind: "run" | "api" | "cli" | "connection" | "other";
  name: string;
}

/** Takes `run/<run id>`, `api/<principal id>`, `cli/<user>` or `connection/<name>` apart. */
export function readVia(via: string): Way {
  const cut = via.indexOf("/");
  const kind = (["run", "api", "cli", "connection"] as const).find((each) => each === via.slice(0, cut));
  return kind ? { kind, name: via.slice(cut + 1) } : { kind: "other", name: via };
}

/** What stands before the name of who sent it. */
export const WAY_WORDS: Record<Way["kind"], string> = {
  run: "the run",
  api: "over the API:",
  cli: "from the command line:",
  connection: "from the connection",
  other: "",
};

/** What stands in an address may be anything; a command is copied into a shell. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9-]*$/;
const SAMPLE_TYPE = "com.example.order.paid";
const SAMPLE_DATA = '{"order": "A-17"}';

export function makeCliCommand(namespace: string): string {
  return `kapell events send --namespace ${nameOf(namespace)} --type ${SAMPLE_TYPE} --payload '${SAMPLE_DATA}'`;
}

export function makeCurlCommand(origin: string, namespace: string): string {
  return [
    `curl -H "Authorization: Bearer $KAPELL_TOKEN" ${origin}/api/v1/namespaces/${nameOf(namespace)}/events \\`,
    `  -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /till/3' -H 'ce-type: ${SAMPLE_TYPE}' \\`,
    `  -H 'Content-Type: application/json' -d '${SAMPLE_DATA}'`,
  ].join("\n");
}

function nameOf(namespace: string): string {
  return PLAIN_NAME.test(namespace) ? namespace : "default";
}
