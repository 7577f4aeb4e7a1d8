import { Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import type { RunTask } from "@/api/schema";
import { QueryView } from "@/ui/QueryView";
import { definitionQuery } from "./queries";
import type { Selection } from "./selection";

const RunGraph = lazy(() => import("./graph/RunGraph").then(({ RunGraph: component }) => ({ default: component })));
const RunTimeline = lazy(() =>
  import("./timeline/RunTimeline").then(({ RunTimeline: component }) => ({ default: component })),
);

interface RunPictureProps {
  kind: "graph" | "timeline";
  runId: string;
  tasks: RunTask[];
  /** The moment that is looked at; left out for now. */
  at?: string;
  selected: Selection | null;
  onSelect: (selection: Selection | null) => void;
}

/** A picture of a run: its graph or its timeline, loaded when it is first looked at. */
export function RunPicture({ kind, ...rest }: RunPictureProps) {
  const definition = useQuery(definitionQuery(rest.runId));
  return (
    <Suspense fallback={<Loader size="sm" aria-label="Loading" />}>
      {kind === "graph" ? (
        <QueryView query={definition}>{({ document }) => <RunGraph {...rest} document={document} />}</QueryView>
      ) : (
        <RunTimeline {...rest} />
      )}
    </Suspense>
  );
}
