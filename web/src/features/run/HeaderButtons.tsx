import { Button } from "@mantine/core";
import { IconArrowsDiff, IconHelpCircle, IconHistory } from "@tabler/icons-react";
import type { RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { hasEnded } from "@/lib/states";
import { ButtonLink } from "@/ui/links";
import { listActions } from "./actions";
import { ActionButton } from "./RunActions";
import { StartAgain } from "./StartAgain";
import type { Travel } from "./useTravel";
import { WatchButton } from "./WatchButton";

interface HeaderButtonsProps {
  run: RunView;
  travel: Travel;
  /** Whether it is shown why the run stands where it stands. */
  isAsked: boolean;
  onAsk: () => void;
}

/** What can be done with the run as a whole. What mends a faulted one stands beside what went wrong. */
export function HeaderButtons({ run, travel, isAsked, onAsk }: HeaderButtonsProps) {
  const may = useMay();
  const actions = run.status === "faulted" ? [] : listActions(run.status, (asked) => may(asked, run.namespace));
  const { at, total, go } = travel;
  return (
    <>
      {run.status !== "faulted" && run.status !== "damaged" && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconHelpCircle size={14} aria-hidden />}
          aria-expanded={isAsked}
          onClick={onAsk}
        >
          Why?
        </Button>
      )}
      {at === undefined && total > 0 && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconHistory size={14} aria-hidden />}
          onClick={() => go(total)}
        >
          Time travel
        </Button>
      )}
      <ButtonLink
        to="/compare"
        search={{ b: run.run_id }}
        size="xs"
        variant="default"
        leftSection={<IconArrowsDiff size={14} aria-hidden />}
      >
        Compare
      </ButtonLink>
      {hasEnded(run.status) && !run.parent_run_id && <StartAgain run={run} />}
      <WatchButton run={run} />
      {actions.map((action) => (
        <ActionButton key={action} run={run} action={action} />
      ))}
    </>
  );
}
