/** The audit log in words: what was done, and what a verification found. All functions are pure. */
import type { AuditFinding, AuditReport } from "@/api/schema";

const ACTIONS: Record<string, string> = {
  "audit.read": "read the audit log",
  "audit.redact": "redacted a record",
  "audit.rotate_key": "changed the key of the log",
  "audit.verify": "verified the log",
  "backup.make": "made a backup",
  "backup.restore": "restored a backup",
  "binding.grant": "gave a role",
  "binding.revoke": "took a role away",
  "bulk.cancel": "stopped a bulk operation",
  "bulk.preview": "looked at what a bulk operation would hit",
  "bulk.start": "started a bulk operation",
  "draft.discard": "dropped a draft",
  "draft.publish": "published a draft",
  "draft.save": "saved a draft",
  "group.add": "put somebody into a group",
  "group.create": "made a group",
  "group.delete": "deleted a group",
  "group.remove": "took somebody out of a group",
  "person.change_password": "changed the own password",
  "person.claim_groups": "came with groups of a provider",
  "person.create": "made an account",
  "person.disable": "disabled an account",
  "person.enable": "enabled an account",
  "person.link": "was linked to a provider",
  "person.rename": "renamed an account",
  "person.set_password": "set somebody's password",
  "identity.read": "read people and access",
  "role.define": "defined a role",
  "role.delete": "deleted a role",
  "run.cancel": "cancelled a run",
  "run.fork": "forked a run",
  "run.read_data": "read a run's data",
  "run.resume": "let a run go on",
  "run.retry": "retried a task",
  "run.search": "searched runs by text",
  "run.skip": "skipped a task",
  "run.start": "started a run",
  "run.suspend": "suspended a run",
  "search.rebuild": "made the search index anew",
  "secret.delete": "deleted a secret",
  "secret.put": "put a secret",
  "secret.use": "a run read a secret",
  "session.begin": "signed in",
  "session.end": "ended a session",
  "session.end_all": "ended all sessions",
  "settings.diagnose": "examined the installation",
  "settings.read": "read the settings",
  "token.create": "made an API token",
  "token.revoke": "revoked an API token",
  "workflow.deprecate": "deprecated a version",
  "workflow.publish": "published a version",
  "workflow.undeprecate": "let a version start runs again",
};

/** Says an action in words; an empty text for one that has none. */
export function describeAction(action: string): string {
  return ACTIONS[action] ?? "";
}

/** What can be typed as an action: the known ones, and their families with an asterisk. */
export function listActions(): string[] {
  const names = Object.keys(ACTIONS);
  const families = new Set(names.map((name) => `${name.split(".")[0]}.*`));
  return [...families, ...names].sort();
}

const KINDS: Record<AuditFinding["kind"], string> = {
  bad_signature: "Wrongly signed",
  deleted: "Deleted",
  edited: "Edited",
  forked: "Two logs that contradict each other",
  inserted: "Inserted",
  not_witnessed: "Not what a witness saw",
  reordered: "Moved",
  rewritten: "Rewritten",
  truncated: "The end is gone",
};

/** Says in words what was done to the log. */
export function describeKind(kind: AuditFinding["kind"]): string {
  return KINDS[kind] ?? kind;
}

/** Says what a verification has found, in sentences. */
export function describeReport(report: AuditReport): string[] {
  const sentences = [
    report.is_verified
      ? "The log is as it was written."
      : `The log is not as it was written: ${count(report.finding_count, "thing is", "things are")} wrong.`,
    `It has ${count(report.records, "record", "records")} and ${count(report.heads, "signed head", "signed heads")}.`,
  ];
  const uncovered = report.records - report.covered;
  if (report.is_verified) {
    sentences.push(
      uncovered <= 0
        ? "Signed heads cover all of it."
        : `Signed heads cover it up to record ${report.covered}; ${count(uncovered, "newer one has", "newer ones have")} to wait for the next head.`,
    );
  }
  if (report.redacted > 0) {
    sentences.push(`${count(report.redacted, "record was", "records were")} redacted, as other records say.`);
  }
  return sentences;
}

/** Returns how far a verification is, 0 to 100; `null` where that is not known. */
export function tellProgress(checked: number, total: number): number | null {
  return total > 0 ? Math.min(100, Math.round((checked / total) * 100)) : null;
}

function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
