import { List, Stack, Text, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Finding } from "@/api/schema";
import { Moment } from "@/ui/Moment";
import { Prose } from "@/ui/Prose";
import { QueryView } from "@/ui/QueryView";
import { whyQuery } from "./queries";
import type { Selection } from "./selection";
import { listSteps } from "./tasks";

const SHOWN = 25;

interface WhyProps {
  runId: string;
  /** The task that it is asked about; left out, the run. */
  task?: string;
  onSelect: (selection: Selection | null) => void;
}

/** Why a run or a task is as it is, from the reasons that were recorded. */
export function Why({ runId, task, onSelect }: WhyProps) {
  const why = useQuery(whyQuery(runId, task));
  return (
    <QueryView query={why}>
      {({ summary, present, past }) => (
        <Stack gap={6}>
          <Text size="sm" fw={600}>
            <Prose text={shorten(summary, task)} />
          </Text>
          <Findings title="Now" findings={present} about={task} onSelect={onSelect} />
          <Findings title="On the way" findings={past.slice(-SHOWN)} about={task} onSelect={onSelect} />
          {past.length > SHOWN && (
            <Text size="xs" c="dimmed">
              These are the last {SHOWN} of {past.length} decisions; the history has them all.
            </Text>
          )}
        </Stack>
      )}
    </QueryView>
  );
}

/** What is told of a task names it by its reference; here its name is enough. */
function shorten(text: string, task: string | undefined): string {
  const name = task && listSteps(task).at(-1);
  return name ? text.replaceAll(`\`${task}\``, `\`${name}\``) : text;
}

interface FindingsProps {
  title: string;
  findings: Finding[];
  about?: string;
  onSelect: (selection: Selection | null) => void;
}

function Findings({ title, findings, about, onSelect }: FindingsProps) {
  if (findings.length === 0) return null;
  return (
    <div>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      <List size="sm" spacing={2} withPadding={false} listStyleType="none">
        {findings.map((finding) => (
          <List.Item
            key={`${finding.at} ${finding.reference} ${finding.reason.code}`}
            style={{ overflowWrap: "anywhere" }}
          >
            {finding.reference !== "" && finding.reference !== about && (
              <>
                <UnstyledButton
                  fw={600}
                  fz="sm"
                  td="underline"
                  onClick={() => onSelect({ reference: finding.reference })}
                >
                  {finding.name}
                </UnstyledButton>
                {": "}
              </>
            )}
            <Prose text={shorten(finding.reason.text, about)} />{" "}
            <Text span size="xs" c="dimmed">
              <Moment at={new Date(finding.at / 1000).toISOString()} />
            </Text>
          </List.Item>
        ))}
      </List>
    </div>
  );
}
