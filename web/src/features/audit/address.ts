/** The filters of the audit log, as they stand in the address. */
import { readChoice, readText, withoutUndefined } from "@/lib/address";

export interface AuditSearch {
  actor?: string;
  action?: string;
  target?: string;
  namespace?: string;
  decision?: "allowed" | "denied";
  /** ISO 8601. */
  since?: string;
  until?: string;
  /** The number of the record whose details are shown. */
  record?: number;
}

export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  const record = Number(search.record);
  return withoutUndefined({
    actor: readText(search.actor),
    action: readText(search.action),
    target: readText(search.target),
    namespace: readText(search.namespace),
    decision: readChoice(search.decision, ["allowed", "denied"]),
    since: readMoment(search.since),
    until: readMoment(search.until),
    record: Number.isSafeInteger(record) && record > 0 ? record : undefined,
  });
}

function readMoment(value: unknown): string | undefined {
  const text = readText(value);
  return text !== undefined && !Number.isNaN(Date.parse(text)) ? text : undefined;
}
