import { IconPlayerPlay } from "@tabler/icons-react";
import type { RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { ButtonLink } from "@/ui/links";

/** Leads to the form that starts a run of the same workflow, filled in with this run's input. */
export function StartAgain({ run: { run_id, namespace, name } }: { run: RunView }) {
  const may = useMay();
  if (!may("run.start", namespace) || !may("run.data", namespace)) return null;
  return (
    <ButtonLink
      to="/workflows/$namespace/$name"
      params={{ namespace, name }}
      search={{ tab: "start", from: run_id }}
      size="xs"
      variant="default"
      leftSection={<IconPlayerPlay size={14} aria-hidden />}
    >
      Start again
    </ButtonLink>
  );
}
