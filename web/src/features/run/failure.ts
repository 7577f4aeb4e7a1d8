/** What the server's explanation of a faulted run says went wrong. */
import type { Explanation } from "@/api/schema";

export interface Failure {
  /** The task that failed; empty where the run faulted outside of its tasks. */
  reference: string;
  /** The error's type; not told to who may not see data. */
  type?: string;
  status?: number;
  /** What happened. */
  text: string;
  /** Why nothing has caught it. */
  others: string[];
}

export function findFailure({ present, summary }: Pick<Explanation, "present" | "summary">): Failure {
  const first = present.find((finding) => finding.reason.code === "faulted");
  const others = present.filter((finding) => finding !== first).map((finding) => finding.reason.text);
  if (!first) return { reference: "", text: summary, others };
  const facts = (first.reason.facts ?? {}) as {
    error?: { type?: unknown; status?: unknown; title?: unknown; detail?: unknown };
  };
  const { type, status, title, detail } = facts.error ?? {};
  const told = [title, detail].filter((part): part is string => typeof part === "string" && part !== "");
  return {
    reference: first.reference,
    type: typeof type === "string" ? type : undefined,
    status: typeof status === "number" ? status : undefined,
    text: told.length > 0 ? told.join(": ") : first.reason.text,
    others,
  };
}
