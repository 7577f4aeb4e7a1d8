/** The actions of a run's page: their buttons can stand anywhere on it, and open the same dialogs. */
import { Button, type ButtonProps } from "@mantine/core";
import {
  IconArrowFork,
  IconBan,
  IconEdit,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerSkipForward,
  IconRefresh,
  type TablerIcon,
} from "@tabler/icons-react";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import type { RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { ActionDialog } from "./ActionDialog";
import { ACTION_TEXTS, type ActionName, permissionOf } from "./actions";

const ICONS: Record<ActionName, TablerIcon> = {
  retry: IconRefresh,
  edit: IconEdit,
  skip: IconPlayerSkipForward,
  fork: IconArrowFork,
  resume: IconPlayerPlay,
  suspend: IconPlayerPause,
  cancel: IconBan,
};

type OpenAction = (action: ActionName, reference?: string) => void;

const ActionsContext = createContext<OpenAction>(() => {});

interface RunActionsProps {
  run: RunView;
  /** The task that failed, where one did. */
  failed?: string;
  children: ReactNode;
}

/** Offers a run's actions to what is within, and shows the dialog of the one that was asked for. */
export function RunActions({ run, failed, children }: RunActionsProps) {
  const [asked, setAsked] = useState<{ action: ActionName; reference?: string } | null>(null);
  const open = useCallback<OpenAction>((action, reference) => setAsked({ action, reference }), []);
  const close = useCallback(() => setAsked(null), []);
  const reference = asked?.reference ?? failed;
  const key = useMemo(() => `${run.run_id} ${asked?.reference ?? failed ?? ""}`, [run.run_id, asked, failed]);
  return (
    <ActionsContext value={open}>
      {children}
      <ActionDialog key={key} run={run} asked={asked?.action ?? null} reference={reference} onClose={close} />
    </ActionsContext>
  );
}

interface ActionButtonProps extends ButtonProps {
  run: RunView;
  action: ActionName;
  reference?: string;
}

/** The button of an action; it is not there for who may not do it. */
export function ActionButton({ run, action, reference, ...button }: ActionButtonProps) {
  const open = useContext(ActionsContext);
  const may = useMay();
  const Icon = ICONS[action];
  if (!may(permissionOf(action), run.namespace)) return null;
  return (
    <Button
      size="xs"
      variant={action === "retry" || action === "resume" ? "filled" : "default"}
      leftSection={<Icon size={14} aria-hidden />}
      {...button}
      onClick={() => open(action, reference)}
      aria-haspopup="dialog"
    >
      {ACTION_TEXTS[action].label}
    </Button>
  );
}
