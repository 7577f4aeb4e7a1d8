/** What the navigation and the command palette lead to. */
import { IconHome, IconListDetails, type TablerIcon } from "@tabler/icons-react";

export interface Destination {
  label: string;
  to: "/" | "/runs";
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
];
