/** What stands in the addresses of the pages about workflows. */
import { type Period, readPeriod } from "@/lib/periods";

export interface ListSearch {
  text?: string;
  namespace?: string;
  period?: Period;
}

/** Returns what the address of the list says; what is none is left out. */
export function readListSearch(search: Record<string, unknown>): ListSearch {
  return dropEmpty({
    text: readText(search.text),
    namespace: readText(search.namespace),
    period: readPeriod(search.period),
  });
}

export const TABS = ["overview", "versions", "edit", "start"] as const;
export type Tab = (typeof TABS)[number];

export interface WorkflowSearch {
  /** Left out for the overview. */
  tab?: Tab;
  /** The versions that are compared; `draft` is one, too. */
  old?: string;
  new?: string;
  /** The version to start, or to edit. */
  version?: string;
  /** The task that is chosen in the editor, by its reference. */
  task?: string;
  /** What the start form begins with. */
  input?: unknown;
  /** The run whose input the start form begins with. */
  from?: string;
  period?: Period;
}

/** Returns what the address of a workflow says. */
export function readWorkflowSearch(search: Record<string, unknown>): WorkflowSearch {
  const tab = TABS.find((each) => each === search.tab);
  return dropEmpty({
    tab: tab === "overview" ? undefined : tab,
    old: readText(search.old),
    new: readText(search.new),
    version: readText(search.version),
    task: readText(search.task),
    input: search.input,
    from: readText(search.from),
    period: readPeriod(search.period),
  });
}

export interface NewSearch {
  template?: string;
  namespace?: string;
}

export function readNewSearch(search: Record<string, unknown>): NewSearch {
  return dropEmpty({ template: readText(search.template), namespace: readText(search.namespace) });
}

/** Addresses are read as JSON, so that a version such as `2` or a text such as `true` comes as no text. */
function readText(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function dropEmpty<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
