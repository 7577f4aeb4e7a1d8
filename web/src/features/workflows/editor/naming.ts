/** Whether a text is about the workflow whose draft it is: the server refuses to publish it as another one. */
import type { CheckReport, Problem } from "@/api/schema";
import { findByPath, readLatest } from "./readText";

export function nameProblems(text: string, report: CheckReport, namespace: string, name: string): Problem[] {
  const wanted = { namespace, name };
  return (["namespace", "name"] as const).flatMap((key) => {
    const given = report[key];
    if (given === null || given === undefined || given === wanted[key]) return [];
    const offset = findByPath(readLatest(text).root, ["document", key])?.range?.[0] ?? 0;
    const before = text.slice(0, offset).split("\n");
    return [
      {
        severity: "error",
        code: "other_workflow",
        message: `the document is about another workflow: its ${key} is \`${given}\`, not \`${wanted[key]}\``,
        hint: `Did you mean \`${wanted[key]}\`?`,
        line: before.length,
        column: [...(before.at(-1) ?? "")].length + 1,
        pointer: `/document/${key}`,
      },
    ];
  });
}
