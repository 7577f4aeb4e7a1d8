/** What the command palette offers. Pure: what a person may do is an argument. */
import {
  IconFilePlus,
  IconListDetails,
  IconSearch,
  IconSitemap,
  IconTruck,
  type TablerIcon,
} from "@tabler/icons-react";
import type { LinkProps } from "@tanstack/react-router";
import type { WorkflowSummary } from "@/api/schema";
import type { AdministrationPage } from "./administration";
import { DESTINATIONS } from "./navigation";

export interface Command {
  id: string;
  label: string;
  summary: string;
  icon: TablerIcon;
  /** What else it is found by. */
  keywords?: string[];
  target: Pick<LinkProps, "to" | "params" | "search">;
}

type May = (permission: string) => boolean;

/** What the id of a run looks like. */
const RUN_ID = /^[0-9a-z]{8,40}$/i;

export function listPages(administration: { pages: AdministrationPage[] }[], may: May): Command[] {
  const main = DESTINATIONS.filter((each) => !each.permission || may(each.permission));
  return [...main, ...administration.flatMap(({ pages }) => pages)].map(({ label, to, icon, summary }) => ({
    id: to,
    label,
    summary,
    icon,
    target: { to },
  }));
}

export function listDoings(may: May): Command[] {
  const all: (Command & { permission: string })[] = [
    {
      id: "write",
      label: "Write a workflow",
      summary: "A draft from a template",
      keywords: ["new", "create"],
      icon: IconFilePlus,
      permission: "workflow.write",
      target: { to: "/workflows/new" },
    },
    {
      id: "needs",
      label: "Runs that need somebody",
      summary: "Faulted, damaged or suspended",
      keywords: ["failed", "broken"],
      icon: IconListDetails,
      permission: "run.read",
      target: { to: "/runs", search: { status: ["faulted", "damaged", "suspended"] } },
    },
    {
      id: "delivery",
      label: "Delivery",
      summary: "Lead time, frequency, failures and time to restore",
      keywords: ["report", "deployment"],
      icon: IconTruck,
      permission: "run.read",
      target: { to: "/reports/delivery" },
    },
  ];
  return all.filter(({ permission }) => may(permission)).map(({ permission: _permission, ...command }) => command);
}

export function listWorkflows(found: Pick<WorkflowSummary, "namespace" | "name" | "title">[]): Command[] {
  return found.map(({ namespace, name, title }) => ({
    id: `workflow ${namespace}/${name}`,
    label: `${namespace}/${name}`,
    summary: title || "Workflow",
    icon: IconSitemap,
    target: { to: "/workflows/$namespace/$name", params: { namespace, name } },
  }));
}

/** What can be made of a text that was typed: the id of a run, or words within runs. */
export function listSearches(text: string, may: May): Command[] {
  const commands: Command[] = [];
  if (RUN_ID.test(text) && /\d/.test(text) && may("run.read")) {
    commands.push({
      id: "run",
      label: `Run ${text}`,
      summary: "Open it by its id",
      icon: IconListDetails,
      keywords: [text],
      target: { to: "/runs/$runId", params: { runId: text } },
    });
  }
  if (text !== "" && may("run.data")) {
    commands.push({
      id: "search",
      label: `Runs with "${text}"`,
      summary: "In their input, name or error",
      icon: IconSearch,
      keywords: [text],
      target: { to: "/runs", search: { text } },
    });
  }
  return commands;
}
