import { Text } from "@mantine/core";
import { usePeopleNames } from "@/features/session/people";
import { TextLink } from "@/ui/links";
import { readVia, WAY_WORDS } from "./words";

/** How an event came; a run that emitted it is a link. */
export function Sender({ via, isWhole = false }: { via: string; isWhole?: boolean }) {
  const nameOf = usePeopleNames();
  const { kind, name } = readVia(via);
  const words = isWhole || kind === "run" || kind === "connection" ? `${WAY_WORDS[kind]} ` : "";
  return (
    <>
      {words}
      {kind === "run" ? (
        <TextLink to="/runs/$runId" params={{ runId: name }} inherit>
          <Text span inherit ff="monospace" fz="xs" style={{ whiteSpace: "nowrap" }}>
            {name}
          </Text>
        </TextLink>
      ) : kind === "api" ? (
        nameOf(name)
      ) : (
        name
      )}
    </>
  );
}
