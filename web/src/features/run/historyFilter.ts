/** Which events of a run's history are shown. */

export interface HistoryFilter {
  /** Only events of this task and of those in it. */
  reference?: string;
  onlyBad: boolean;
  /** Only events whose sentence or task has this text, in whatever case. */
  text: string;
  about: About;
}

/** What events may be about, and which types that are. */
export const TYPES = {
  all: [],
  tasks: [
    "task_entered",
    "task_completed",
    "task_skipped",
    "task_faulted",
    "iteration_started",
    "loop_ended",
    "branch_faulted",
  ],
  attempts: ["attempt_created", "attempt_held", "attempt_dispatched", "attempt_ended", "attempt_lost", "child_started"],
  errors: ["task_faulted", "branch_faulted", "error_caught", "attempt_lost", "run_faulted"],
  timers: ["timer_fired"],
  received: ["event_received", "event_handled"],
  people: ["run_suspended", "run_resumed", "cancel_requested", "task_retried", "task_passed"],
  run: ["run_started", "input_accepted", "run_forked", "run_completed", "run_faulted", "run_cancelled"],
} satisfies Record<string, string[]>;

export type About = keyof typeof TYPES;

export const ABOUT: { value: About; label: string }[] = [
  { value: "all", label: "All events" },
  { value: "tasks", label: "Tasks" },
  { value: "attempts", label: "Attempts and child runs" },
  { value: "errors", label: "Errors and retries" },
  { value: "timers", label: "Times that came" },
  { value: "received", label: "CloudEvents that came" },
  { value: "people", label: "What people asked for" },
  { value: "run", label: "The run as a whole" },
];

/** A filter as the server takes it. */
export interface HistoryQuery {
  type?: string[];
  task?: string;
  text?: string;
  only_bad?: boolean;
}

export function askForEvents({ reference, onlyBad, text, about }: HistoryFilter): HistoryQuery {
  return {
    ...(about !== "all" && { type: TYPES[about] }),
    ...(reference && { task: reference }),
    ...(text !== "" && { text }),
    ...(onlyBad && { only_bad: true }),
  };
}

/** The pages, counted from 0, of which events are in sight; one at least. */
export function pagesInSight(first: number, last: number, pageSize: number): number[] {
  const begin = Math.floor(Math.max(0, first) / pageSize);
  const end = Math.floor(Math.max(0, last) / pageSize);
  return Array.from({ length: end - begin + 1 }, (_, index) => begin + index);
}
