import { Button, Menu, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconHistory } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import { Moment } from "@/ui/Moment";
import { recentRunsQuery } from "../queries";

const SHOWN = 10;

interface LastInputsProps {
  namespace: string;
  name: string;
  onTake: (input: unknown) => void;
}

/** The inputs of the newest runs, to begin with one of them. */
export function LastInputs({ namespace, name, onTake }: LastInputsProps) {
  const runs = useQuery(recentRunsQuery(namespace, name, SHOWN));
  const take = useMutation({
    mutationFn: (runId: string) => got(api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: runId } } })),
    onSuccess: (detail) => onTake(detail.input ?? undefined),
    onError: (error) => notifications.show({ color: "red", message: `The input could not be read: ${error.message}` }),
  });
  if (!runs.data || runs.data.items.length === 0) return null;
  return (
    <Menu position="bottom-start" width={300}>
      <Menu.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconHistory size={16} aria-hidden />}
          loading={take.isPending}
        >
          Input of an earlier run
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {runs.data.items.map((run) => (
          <Menu.Item key={run.run_id} onClick={() => take.mutate(run.run_id)}>
            <Text size="sm">
              <Moment at={run.created_at} />, version {run.version}, {run.status}
            </Text>
            <Text size="xs" c="dimmed" ff="monospace">
              {run.run_id}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
