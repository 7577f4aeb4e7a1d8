import { Alert, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconFileAlert } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { RunTask, RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { ButtonLink } from "@/ui/links";
import { Prose } from "@/ui/Prose";
import { findForkPoint, listActions } from "./actions";
import { judgeError } from "./blame";
import { Facts } from "./Facts";
import { findFailure } from "./failure";
import { whyQuery } from "./queries";
import { ActionButton } from "./RunActions";
import { StartAgain } from "./StartAgain";
import type { Selection } from "./selection";
import { TextButton } from "./TextButton";

interface TroubleProps {
  run: RunView;
  tasks: RunTask[];
  onSelect: (selection: Selection | null) => void;
  onShowLog: (selection: Selection) => void;
}

/** What went wrong in a faulted run, in plain words: whose affair it is, whether a retry helps, and what can be done. */
export function Trouble({ run, tasks, onSelect, onShowLog }: TroubleProps) {
  const why = useQuery(whyQuery(run.run_id));
  const may = useMay();
  if (why.error) return <ErrorNotice error={why.error} onRetry={() => void why.refetch()} />;
  if (why.data?.status !== "faulted") return null;
  const failure = findFailure(why.data);
  const child = tasks.findLast((task) => task.reference === failure.reference)?.child_run_id;
  const { type, status } = failure;
  const judgement = type ? judgeError({ type, status, isOfChild: Boolean(child) }) : null;
  const fork = findForkPoint(failure.reference);
  const options = why.data.options.map((option) => option.code);
  const actions = listActions(run.status, (permission) => may(permission, run.namespace), options);
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={<Prose text={why.data.summary} />}
    >
      <Stack gap={8}>
        <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          <Prose text={failure.text} />
        </Text>
        {judgement && (
          <Facts
            facts={[
              ["What it means", judgement.cause],
              ["Whose affair", judgement.fault],
              ["Does a retry help?", judgement.retry],
            ]}
          />
        )}
        {failure.others.map((text) => (
          <Text key={text} size="sm" c="dimmed">
            <Prose text={text} />
          </Text>
        ))}
        {options.includes("resolve_lost") && (
          <Text size="sm">
            <Prose text={why.data.options.find((option) => option.code === "resolve_lost")?.text ?? ""} />
          </Text>
        )}
        {!options.includes("retry") && (
          <Text size="sm">
            The run faulted outside of its tasks, in its input or output. It cannot be repaired: start another one with
            what it needs.
          </Text>
        )}
        <Group gap="xs">
          {actions.map((action) => (
            <ActionButton key={action} run={run} action={action} />
          ))}
          {fork && <ActionButton run={run} action="fork" reference={fork} />}
          {!options.includes("retry") && run.parent_run_id && <StartAgain run={run} />}
          {failure.reference && (
            <>
              <TextButton onClick={() => onSelect({ reference: failure.reference })}>Show the task</TextButton>
              {child && (
                <ButtonLink to="/runs/$runId" params={{ runId: child }} variant="subtle" size="compact-xs">
                  The child run that failed
                </ButtonLink>
              )}
              {may("run.data", run.namespace) && (
                <TextButton onClick={() => onShowLog({ reference: failure.reference })}>Its log</TextButton>
              )}
            </>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

/** That the history of a run cannot be read. */
export function Damaged({ run }: { run: RunView }) {
  return (
    <Alert color="red" variant="light" icon={<IconFileAlert aria-hidden />} title="This run's history is damaged">
      <Stack gap={4}>
        {run.error && <Text size="sm">{run.error}</Text>}
        <Text size="sm">
          What was stored is not what was written, so that it is not known where the run stands. It was closed, and
          other runs go on. Its log can still be read. Restore a backup, or start the work anew once you have found out
          what was done.
        </Text>
      </Stack>
    </Alert>
  );
}
