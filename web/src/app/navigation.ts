/** What the navigation and the command palette lead to. */
import {
  IconBroadcast,
  IconChartBar,
  IconHome,
  IconListDetails,
  IconSettings,
  IconSitemap,
  type TablerIcon,
} from "@tabler/icons-react";

export interface Destination {
  label: string;
  to: "/" | "/runs" | "/events" | "/workflows" | "/reports" | "/administration";
  icon: TablerIcon;
  /** What it is for, for the command palette. */
  summary: string;
  /** Without this permission it is not shown. */
  permission?: string;
  /** The second key of its shortcut; the first is `g`. */
  key: string;
}

export const DESTINATIONS: Destination[] = [
  { label: "Home", to: "/", icon: IconHome, summary: "What needs you now, and how things are", key: "h" },
  {
    label: "Runs",
    to: "/runs",
    icon: IconListDetails,
    summary: "Find and follow runs",
    permission: "run.read",
    key: "r",
  },
  {
    label: "Events",
    to: "/events",
    icon: IconBroadcast,
    summary: "What has come, who sent it, and which runs consumed it",
    permission: "event.read",
    key: "e",
  },
  {
    label: "Workflows",
    to: "/workflows",
    icon: IconSitemap,
    summary: "What can be run: texts, versions, health",
    permission: "workflow.read",
    key: "w",
  },
  {
    label: "Reports",
    to: "/reports",
    icon: IconChartBar,
    summary: "How runs went over time, where the time goes, delivery",
    permission: "run.read",
    key: "p",
  },
  {
    label: "Administration",
    to: "/administration",
    icon: IconSettings,
    summary: "Access, tokens, secrets, the audit log, settings",
    key: "a",
  },
];
