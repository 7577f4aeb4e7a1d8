/** The command that exports the log, with the filters of the page: the API has no export. */
import type { AuditSearch } from "./address";

const OPTIONS = ["actor", "action", "target", "namespace", "decision", "since", "until"] as const;

export function makeExport(filters: AuditSearch): string {
  const options = OPTIONS.flatMap((name) => {
    const value = filters[name];
    return value === undefined ? [] : [`--${name} ${quote(value)}`];
  });
  return ["kapell audit export", ...options, "> log.jsonl"].join(" ");
}

/** Returns a text as one word of a shell. */
function quote(text: string): string {
  return /^[\w.:/@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
