import { Alert, Button, Group, SegmentedControl, Stack, Switch, Text, TextInput } from "@mantine/core";
import { IconArrowDown, IconDownload, IconSearch } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { api, got } from "@/api/client";
import type { LogLine, RunView } from "@/api/schema";
import { hasEnded } from "@/lib/states";
import { downloadText } from "@/ui/download";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { VirtualRows } from "@/ui/VirtualRows";
import { LogRow } from "./LogRow";
import { countDropped, filterLines, type Stream, writeLines } from "./logModel";
import { type LogState, LogStream } from "./logStream";
import type { Selection } from "./selection";
import { describePlace } from "./tasks";

interface LogProps {
  run: RunView;
  /** The moment that is looked at; left out, now. */
  until?: string;
  selection: Selection | null;
  onSelect: (selection: Selection | null) => void;
}

/** What a run's processes wrote, from the first line on, and as it is being written. */
export function Log({ run, until, selection, onSelect }: LogProps) {
  const log = useLog(run);
  const [stream, setStream] = useState<Stream>("all");
  const [onlyTask, setOnlyTask] = useState(selection !== null);
  const [typed, setTyped] = useState("");
  const [isWrapped, setWrapped] = useState(true);
  const [follow, setFollow] = useState(!hasEnded(run.status));
  const text = useDeferredValue(typed);
  const reference = onlyTask ? selection?.reference : undefined;
  const { lines } = log;
  const shown = useMemo(
    () => filterLines(lines, { stream, reference, text, until }),
    [lines, stream, reference, text, until],
  );
  const dropped = countDropped(lines);
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <TextInput
          size="xs"
          flex={1}
          miw={160}
          leftSection={<IconSearch size={14} aria-hidden />}
          placeholder="Only lines with this text"
          aria-label="Only lines with this text"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <SegmentedControl
          size="xs"
          value={stream}
          onChange={(value) => setStream(value as Stream)}
          aria-label="Which stream"
          data={["all", "stdout", "stderr", "info"]}
        />
        <Download run={run} lines={lines} dropped={dropped} />
      </Group>
      <Group gap="md">
        <Switch
          size="xs"
          label={selection ? `Only ${describePlace(selection)}` : "Only the selected task"}
          disabled={!selection}
          checked={onlyTask && selection !== null}
          onChange={(event) => setOnlyTask(event.currentTarget.checked)}
        />
        <Switch
          size="xs"
          label="Wrap lines"
          checked={isWrapped}
          onChange={(event) => setWrapped(event.currentTarget.checked)}
        />
        <Switch
          size="xs"
          label="Follow"
          checked={follow}
          onChange={(event) => setFollow(event.currentTarget.checked)}
        />
        <Text size="xs" c="dimmed" role="status">
          {describeState(log.state, lines.length, shown.length)}
        </Text>
      </Group>
      {dropped > 0 && (
        <Alert color="gray" p="xs">
          The first {dropped.toLocaleString("en")} lines are not kept on this page. What you look for is sought in the
          lines after them; a download has all.
        </Alert>
      )}
      {shown.length > 0 && (
        <VirtualRows
          key={isWrapped ? "wrapped" : "unwrapped"}
          count={shown.length}
          estimate={24}
          label="Log"
          height="62vh"
          follow={follow}
          onFollow={setFollow}
          keyOf={(index) => shown[index]?.seq ?? index}
        >
          {(index) => {
            const line = shown[index];
            return line && <LogRow line={line} wanted={text} isWrapped={isWrapped} onSelect={onSelect} />;
          }}
        </VirtualRows>
      )}
      {!follow && log.state === "following" && shown.length > 0 && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconArrowDown size={14} aria-hidden />}
          style={{ alignSelf: "flex-start" }}
          onClick={() => setFollow(true)}
        >
          To the end
        </Button>
      )}
    </Stack>
  );
}

function describeState(state: LogState, all: number, shown: number): string {
  const lines = `${all.toLocaleString("en")} ${all === 1 ? "line" : "lines"}`;
  const among = shown === all ? lines : `${shown.toLocaleString("en")} of the ${lines} that are here match`;
  if (state === "reading") return "Reading the log …";
  if (state === "lost") return `${among}; the connection is lost, and is tried again`;
  if (all === 0)
    return state === "ended" ? "This run has written no lines." : "No lines yet; new ones appear by themselves.";
  return state === "ended" ? among : `${among}; new ones appear by themselves`;
}

/** Follows the log while it is shown; a run that is repaired goes on writing. */
function useLog(run: RunView): LogStream {
  const [log] = useState(() => new LogStream(run.run_id));
  const isOver = hasEnded(run.status);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run that goes on has more to say
  useEffect(() => {
    log.start();
    return () => log.stop();
  }, [log, isOver]);
  useSyncExternalStore(log.subscribe, log.getVersion);
  return log;
}

const PAGE = 500;

function Download({ run, lines, dropped }: { run: RunView; lines: LogLine[]; dropped: number }) {
  const download = useMutation({
    mutationFn: async () => {
      const parts: string[] = [];
      for (let after = 0; after < dropped; ) {
        const query = { after, limit: Math.min(PAGE, dropped - after) };
        const page = await got(
          api.GET("/api/v1/runs/{run_id}/log", { params: { path: { run_id: run.run_id }, query } }),
        );
        if (page.items.length === 0) break;
        parts.push(writeLines(page.items));
        after = page.items.at(-1)?.seq ?? dropped;
      }
      downloadText(`${run.run_id}.log`, [...parts, writeLines(lines)].join(""));
    },
  });
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconDownload size={14} aria-hidden />}
        disabled={lines.length === 0}
        loading={download.isPending}
        onClick={() => download.mutate()}
      >
        Download
      </Button>
      {download.error && <ErrorNotice error={download.error} />}
    </>
  );
}
