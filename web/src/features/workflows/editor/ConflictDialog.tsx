import { Alert, Button, Group, Loader, Modal, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Moment } from "@/ui/Moment";
import { findDraft } from "../queries";

const TextDiff = lazy(async () => ({ default: (await import("../versions/TextDiff")).TextDiff }));

interface ConflictDialogProps {
  namespace: string;
  name: string;
  /** What is written here. */
  mine: string;
  /** Goes on with a text, on top of what the server has. */
  onResolve: (text: string, theirs: { text: string; revision: number | null }) => void;
  onLater: () => void;
}

/** What somebody else has saved meanwhile beside what is written here, to be put together. */
export function ConflictDialog({ namespace, name, mine, onResolve, onLater }: ConflictDialogProps) {
  const [merged, setMerged] = useState(mine);
  const theirs = useQuery({
    queryKey: ["workflow-conflict", namespace, name],
    queryFn: () => findDraft(namespace, name),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const draft = theirs.data;
  return (
    <Modal
      opened
      onClose={onLater}
      size="90%"
      title="The draft was changed by somebody else"
      closeButtonProps={{ "aria-label": "Decide later" }}
    >
      <Stack gap="sm">
        {theirs.error && <ErrorNotice error={theirs.error} onRetry={() => void theirs.refetch()} />}
        {theirs.isPending && <Loader size="sm" role="status" aria-label="Loading" />}
        {draft === null && (
          <Alert color="yellow">
            The draft is gone: it was published or dropped meanwhile. What is written here can become a new draft.
          </Alert>
        )}
        {draft && (
          <>
            <Text size="sm">
              <b>{draft.updated_by_name}</b> saved it <Moment at={draft.updated_at} />. On the left, or marked as taken
              away, is what was saved; the other is yours, and can be changed here. The arrows take a part over.
            </Text>
            <Suspense fallback={<Loader size="sm" role="status" aria-label="Loading" />}>
              <TextDiff
                before={draft.source}
                after={mine}
                beforeLabel={`what ${draft.updated_by_name} saved`}
                afterLabel="your text"
                onChange={setMerged}
              />
            </Suspense>
          </>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onLater}>
            Decide later
          </Button>
          {draft && (
            <Button
              variant="default"
              onClick={() => onResolve(draft.source, { text: draft.source, revision: draft.revision })}
            >
              Take theirs, drop mine
            </Button>
          )}
          {draft && (
            <Button onClick={() => onResolve(merged, { text: draft.source, revision: draft.revision })}>
              Save mine as it stands here
            </Button>
          )}
          {draft === null && (
            <Button onClick={() => onResolve(mine, { text: "", revision: null })}>Save mine as a new draft</Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
