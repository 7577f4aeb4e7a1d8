import { List, Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { countEffects } from "./effects";
import { describePlace } from "./tasks";

const SHOWN = 30;

/** What a fork would do once more. */
export function ForkPreview({ runId, reference }: { runId: string; reference: string }) {
  const preview = useQuery({
    queryKey: ["run", runId, "fork", reference],
    queryFn: () =>
      got(api.GET("/api/v1/runs/{run_id}/fork", { params: { path: { run_id: runId }, query: { reference } } })),
  });
  if (preview.error) return <ErrorNotice error={preview.error} />;
  if (!preview.data) return <Loader size="sm" aria-label="Asking what would be done once more" />;
  const effects = countEffects(preview.data);
  return (
    <>
      <Text size="sm">
        It begins at <b>{describePlace({ reference })}</b>.
      </Text>
      {effects.length === 0 ? (
        <Text size="sm">Nothing outside was done from there on, so nothing is done twice.</Text>
      ) : (
        <List size="sm" mah={220} style={{ overflow: "auto" }} aria-label="What may be done once more" tabIndex={0}>
          {effects.slice(0, SHOWN).map(({ reference: place, what, times }) => (
            <List.Item key={`${place} ${what}`} style={{ overflowWrap: "anywhere" }}>
              {describePlace({ reference: place })} ({what}){times > 1 ? `, ${times} times` : ""}
            </List.Item>
          ))}
          {effects.length > SHOWN && <List.Item>and {effects.length - SHOWN} more</List.Item>}
        </List>
      )}
    </>
  );
}
