import { Code } from "@mantine/core";
import { IconAlertTriangle, IconHistory } from "@tabler/icons-react";
import { memo, useState } from "react";
import type { NumberedEvent } from "@/api/schema";
import { describeMoment } from "@/lib/time";
import { Prose } from "@/ui/Prose";
import classes from "./run.module.css";
import { isSelected, type Selection } from "./selection";

interface EventRowProps {
  seq: number;
  /** The event, once it has been read. */
  event: NumberedEvent | undefined;
  /** Whether the page shows the run as it was after it. */
  isThen: boolean;
  selection: Selection | null;
  onSelect: (selection: Selection | null) => void;
  onTravel: (at: number) => void;
}

const LONGEST = 20_000;

/** An event of the history: its number, when, about which task, what happened; as it is stored, when it is opened. */
export const EventRow = memo(function EventRow(props: EventRowProps) {
  const { seq, event, isThen, selection, onSelect, onTravel } = props;
  const [isOpen, setOpen] = useState(false);
  if (!event) {
    return (
      <div className={classes.event}>
        <span className={classes.number}>{seq}</span>
        <span className={classes.dimmed}>…</span>
      </div>
    );
  }
  const isChosen = event.reference !== "" && isSelected(selection, { reference: event.reference });
  const moment = describeMoment(new Date(event.at), { millis: true });
  return (
    <div className={`${classes.event} ${isChosen || isThen ? classes.selected : ""}`}>
      <button
        type="button"
        className={`${classes.plain} ${classes.number} ${event.event === null ? "" : classes.dotted}`}
        disabled={event.event === null}
        onClick={() => setOpen(!isOpen)}
        aria-expanded={event.event === null ? undefined : isOpen}
        aria-label={`Event ${seq}${isThen ? ", shown now" : ""}`}
      >
        {seq}
      </button>
      <span className={classes.time} title={moment}>
        {moment.slice(11, 23)}
      </span>
      <span className={event.is_bad ? classes.bad : undefined}>
        {event.is_bad && <IconAlertTriangle size={14} role="img" aria-label="went wrong" className={classes.sign} />}
        {event.reference !== "" && (
          <>
            <button
              type="button"
              className={`${classes.plain} ${classes.subject}`}
              onClick={() => onSelect(isChosen ? null : { reference: event.reference })}
              aria-pressed={isChosen}
              title={event.reference}
            >
              {event.name}
            </button>
            {": "}
          </>
        )}
        <Prose text={event.text} />
        {isOpen && (
          <Code block mt={4} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere", maxHeight: 360 }} tabIndex={0}>
            {showStored(event.event)}
          </Code>
        )}
      </span>
      <button
        type="button"
        className={classes.tool}
        onClick={() => onTravel(seq)}
        aria-label={`Show the run as it was after event ${seq}`}
        title="Show the run as it was then"
      >
        <IconHistory size={14} aria-hidden />
      </button>
    </div>
  );
});

function showStored(event: unknown): string {
  const text = JSON.stringify(event, null, 2) ?? "";
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}\n… ${text.length.toLocaleString("en")} characters`;
}
