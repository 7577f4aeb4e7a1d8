import { Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Moment } from "@/ui/Moment";
import { QueryView } from "@/ui/QueryView";
import { StatusBadge } from "@/ui/StatusBadge";
import { tasksQuery } from "./queries";

/** The tasks of a run. */
export function TaskList({ runId }: { runId: string }) {
  const tasks = useQuery(tasksQuery(runId));
  return (
    <QueryView query={tasks}>
      {({ tasks }) => (
        <Table>
          <Table.Tbody>
            {tasks.map((task) => (
              <Table.Tr key={task.number}>
                <Table.Td>
                  <StatusBadge status={task.status} />
                </Table.Td>
                <Table.Td>{task.name}</Table.Td>
                <Table.Td>{task.reference}</Table.Td>
                <Table.Td>
                  <Moment at={task.began_at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </QueryView>
  );
}
