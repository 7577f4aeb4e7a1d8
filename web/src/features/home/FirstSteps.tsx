import { Code, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { ButtonLink } from "@/ui/links";
import { workflowsQuery } from "./queries";

/** What to do first, on a server that has no workflow yet. */
export function FirstSteps() {
  const workflows = useQuery(workflowsQuery);
  const may = useMay();
  if (workflows.data?.items.length !== 0) return null;
  return (
    <EmptyState title="No workflow has been published yet">
      <Stack gap={4} align="center">
        <span>
          A workflow is a text in the Open Workflow Specification: write one here, or publish a file with the command
          line:
        </span>
        <Code>kapell publish hello.yaml --server {window.location.origin}</Code>
        <span>
          A server that is started with <Code>kapell up --demo</Code> brings examples along, and runs of them.
        </span>
        {may("workflow.write") && (
          <ButtonLink to="/workflows/new" size="sm" mt="xs">
            Write a workflow
          </ButtonLink>
        )}
      </Stack>
    </EmptyState>
  );
}
