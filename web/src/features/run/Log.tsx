import { Button, Group, Loader, SegmentedControl, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp, IconSearch } from "@tabler/icons-react";
import { useCallback, useState } from "react";
import type { RunView } from "@/api/schema";
import { hasEnded } from "@/lib/states";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { VirtualRows } from "@/ui/VirtualRows";
import { LogDownload } from "./LogDownload";
import { LogRow } from "./LogRow";
import { askFor, type Stream } from "./logModel";
import { describeWindow } from "./logWords";
import type { Selection } from "./selection";
import { describePlace } from "./tasks";
import { useLogWindow } from "./useLogWindow";

interface LogProps {
  run: RunView;
  /** The moment that is looked at; left out, now. */
  until?: string;
  selection: Selection | null;
  onSelect: (selection: Selection | null) => void;
}

const TYPING_PAUSE = 250;
/** So near to the end of what is there, more is read. */
const NEAR = 40;

/** What a run's processes wrote: all of it, read as one scrolls, searched by the server, and as it is being written. */
export function Log({ run, until, selection, onSelect }: LogProps) {
  const [stream, setStream] = useState<Stream>("all");
  const [onlyTask, setOnlyTask] = useState(selection !== null);
  const [typed, setTyped] = useState("");
  const [isWrapped, setWrapped] = useState(true);
  const [follow, setFollow] = useState(!hasEnded(run.status));
  const [text] = useDebouncedValue(typed, TYPING_PAUSE);
  const reference = onlyTask ? selection?.reference : undefined;
  const query = askFor({ stream, reference, text, until });
  const log = useLogWindow(run.run_id, query, follow ? "end" : "beginning", hasEnded(run.status));
  const { lines } = log;

  const lookRound = useCallback(
    ([first, last]: [number, number]) => {
      if (first < NEAR && log.before !== null) void log.loadEarlier();
      else if (last > log.lines.length - NEAR && log.after !== null) void log.loadLater();
    },
    [log],
  );
  const goTo = (where: "beginning" | "end") => {
    setFollow(where === "end");
    void log.begin(where);
  };
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <TextInput
          size="xs"
          flex={1}
          miw={160}
          leftSection={<IconSearch size={14} aria-hidden />}
          rightSection={log.reading && typed !== "" ? <Loader size={12} aria-hidden /> : null}
          placeholder="Only lines with this text"
          aria-label="Only lines with this text"
          maxLength={500}
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
        <LogDownload runId={run.run_id} query={query} last={log.last} />
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
          onChange={(event) => {
            if (event.currentTarget.checked && log.after !== null) goTo("end");
            else setFollow(event.currentTarget.checked);
          }}
        />
        <Group gap={4}>
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconArrowUp size={12} aria-hidden />}
            onClick={() => goTo("beginning")}
          >
            To the beginning
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconArrowDown size={12} aria-hidden />}
            onClick={() => goTo("end")}
          >
            To the end
          </Button>
        </Group>
        <Text size="xs" c="dimmed" role="status">
          {describeWindow(log, hasEnded(run.status))}
        </Text>
      </Group>
      {log.error && (
        <>
          <ErrorNotice error={log.error} />
          <Button
            size="compact-sm"
            variant="default"
            w="fit-content"
            onClick={() => goTo(follow ? "end" : "beginning")}
          >
            Try again
          </Button>
        </>
      )}
      {lines.length > 0 && (
        <VirtualRows
          key={`${isWrapped} ${JSON.stringify(query)}`}
          count={lines.length}
          estimate={24}
          label="Log"
          height="62vh"
          shift={log.added}
          follow={follow}
          onFollow={(wanted) => setFollow(wanted && log.after === null)}
          onSight={lookRound}
          keyOf={(index) => lines[index]?.seq ?? index}
        >
          {(index) => {
            const line = lines[index];
            return line && <LogRow line={line} wanted={text} isWrapped={isWrapped} onSelect={onSelect} />;
          }}
        </VirtualRows>
      )}
    </Stack>
  );
}
