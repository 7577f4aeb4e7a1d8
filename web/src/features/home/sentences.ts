/** What home says of runs and of the engine, in sentences. */
import type { DiagnosticFinding, OverdueRun } from "@/api/schema";

/** Says by how much a run is late: "4.2 times as long as 95 of 100 runs of its workflow, which took 3 min". */
export function describeOverdue(
  { taken_seconds, expected_seconds, completed_runs }: Omit<OverdueRun, "run">,
  describe: (seconds: number) => string,
): string {
  const times = taken_seconds / Math.max(expected_seconds, 0.001);
  const told = times >= 10 ? Math.round(times).toLocaleString("en") : times.toFixed(1);
  const usual = describe(expected_seconds);
  if (completed_runs === 1) return `takes ${told} times as long as the one run before, which took ${usual}`;
  return `takes ${told} times as long as nearly all of ${completed_runs.toLocaleString("en")} runs before, which took ${usual} at most`;
}

/** Says how the engine is as a whole. */
export function sumUpEngine(findings: Pick<DiagnosticFinding, "status">[]): string {
  const problems = findings.filter(({ status }) => status === "problem").length;
  const warnings = findings.filter(({ status }) => status === "warning").length;
  if (problems > 0) return problems === 1 ? "The engine has a problem." : `The engine has ${problems} problems.`;
  if (warnings > 0) return "The engine works, and needs a look.";
  return "The engine is well.";
}
