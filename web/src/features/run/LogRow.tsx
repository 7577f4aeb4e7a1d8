import { Mark, Text, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { memo } from "react";
import type { LogLine } from "@/api/schema";
import { describeMoment } from "@/lib/time";
import { cutMatches, plainText } from "./logModel";
import classes from "./run.module.css";
import type { Selection } from "./selection";
import { listSteps } from "./tasks";

interface LogRowProps {
  line: LogLine;
  /** What is looked for. */
  wanted: string;
  isWrapped: boolean;
  onSelect: (selection: Selection | null) => void;
}

/** A line of the log: when, by which task, what. */
export const LogRow = memo(function LogRow({ line, wanted, isWrapped, onSelect }: LogRowProps) {
  const isError = line.stream === "stderr";
  const moment = describeMoment(new Date(line.at), { millis: true });
  return (
    <div className={classes.line}>
      <Text span inherit c="dimmed" title={`${moment}, line ${line.seq}`}>
        {moment.slice(11, 23)}
      </Text>
      <UnstyledButton
        fz="inherit"
        ff="inherit"
        c="dimmed"
        onClick={() => onSelect({ reference: line.reference })}
        title={`${line.reference}, attempt ${line.attempt}`}
      >
        {listSteps(line.reference).at(-1) ?? line.reference}
      </UnstyledButton>
      <span className={`${isWrapped ? classes.wrapped : classes.unwrapped} ${isError ? classes.bad : ""}`}>
        {isError && <IconAlertTriangle size={12} role="img" aria-label="stderr" className={classes.sign} />}
        {line.stream === "info" && (
          <Text span inherit c="dimmed">
            Kapell:{" "}
          </Text>
        )}
        {cutMatches(plainText(line.text), wanted).map((part, index) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a line are told apart by nothing else
          index % 2 === 1 ? <Mark key={index}>{part}</Mark> : part,
        )}
      </span>
    </div>
  );
});
