/** What is handed on when a page has broken: what it was, and by which request the server's log knows of it. */
import { ApiError, type FailedRequest } from "@/api/client";

interface Break {
  error: unknown;
  at: Date;
  address: string;
  /** The last request that failed before it. */
  failed: FailedRequest | null;
}

/** Returns a text for who looks into it. It holds no data of runs but what stands in the error itself. */
export function describeBreak({ error, at, address, failed }: Break): string {
  const lines = [`Page: ${address}`, `Time: ${at.toISOString()}`, `Error: ${nameError(error)}`];
  if (error instanceof ApiError) {
    lines.push(`Code: ${error.problem.code}`, `Request: ${error.problem.request_id || "not known"}`);
  }
  if (failed) {
    const id = failed.requestId ? `request ${failed.requestId}` : "it never reached the server";
    const status = failed.status ? `answered with ${failed.status}` : "not answered";
    lines.push(`Last failed request: ${failed.request}, ${status}, ${failed.at.toISOString()}, ${id}`);
  }
  if (error instanceof Error && error.stack) lines.push("", error.stack);
  return lines.join("\n");
}

function nameError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
