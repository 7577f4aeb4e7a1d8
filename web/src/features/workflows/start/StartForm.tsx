import { Alert, Button, CopyButton, Group, Stack, Text } from "@mantine/core";
import { IconLink, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";
import { type FormEvent, useRef, useState } from "react";
import { api, got } from "@/api/client";
import { useMay } from "@/features/session/permissions";
import { OnceKey } from "@/lib/onceKey";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { TextLink } from "@/ui/links";
import { Prose } from "@/ui/Prose";
import { beginDraft, findFlaw, judgeDraft, setValue } from "@/ui/values/draft";
import { type Field, makeBeginning } from "@/ui/values/fields";
import { NO_FAULTS } from "@/ui/values/judging";
import { ValueForm } from "@/ui/values/ValueForm";
import { LastInputs } from "./LastInputs";

const route = getRouteApi("/workflows/$namespace/$name");

/** Above this, a link is cut by what stands between people. */
const LONGEST_LINK = 8_000;

interface StartFormProps {
  namespace: string;
  name: string;
  version: string;
  /** `null` where the version describes no input. */
  field: Field | null;
  /** What it begins with, where that is known. */
  begin: unknown;
}

/** The input of a run, and the button that starts it. */
export function StartForm({ namespace, name, version, field, begin }: StartFormProps) {
  const may = useMay();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(() => beginDraft(begin ?? (field ? makeBeginning(field) : undefined), field));
  const [isReadable, setReadable] = useState(true);
  const [wasTried, setWasTried] = useState(false);
  const key = useRef(new OnceKey());
  const { value } = draft;
  const faults = judgeDraft(draft, field);
  const start = useMutation({
    mutationFn: () => {
      const body = { namespace, name, version, input: value };
      const header = { "Idempotency-Key": key.current.for(JSON.stringify(body)) };
      return got(api.POST("/api/v1/runs", { params: { header }, body }));
    },
    onSuccess: (run) => {
      key.current.renew();
      // An input that does not satisfy the schema makes a run that faults at once: what was typed stays.
      if (run.status !== "faulted") void navigate({ to: "/runs/$runId", params: { runId: run.run_id } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setWasTried(true);
    if (!start.isPending && faults.size === 0 && isReadable && findFlaw(draft) === null) start.mutate();
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {field === null && (
          <Text size="sm" c="dimmed">
            This version describes no input; it takes any, or none.
          </Text>
        )}
        <ValueForm
          draft={draft}
          onChange={setDraft}
          field={field}
          label="Input"
          faults={wasTried ? faults : NO_FAULTS}
          onReadable={setReadable}
          tools={
            <>
              {may("run.data", namespace) && (
                <LastInputs
                  namespace={namespace}
                  name={name}
                  onTake={(input) => setDraft((before) => setValue(before, input))}
                />
              )}
              <CopyLink version={version} input={value} />
            </>
          }
        />
        {start.error && <ErrorNotice error={start.error} />}
        {start.data?.status === "faulted" && (
          <Alert color="red" role="alert" title="The run faulted as soon as it began">
            <Text size="sm">
              <Prose text={start.data.error ?? ""} />
            </Text>
            <TextLink to="/runs/$runId" params={{ runId: start.data.run_id }} size="sm">
              Show the run
            </TextLink>
          </Alert>
        )}
        <Group>
          <Button type="submit" loading={start.isPending} leftSection={<IconPlayerPlay size={16} aria-hidden />}>
            Start a run of {version}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Copies the address of this form with what is written in it. */
function CopyLink({ version, input }: { version: string; input: unknown }) {
  const router = useRouter();
  const { namespace, name } = route.useParams();
  const location = router.buildLocation({
    to: "/workflows/$namespace/$name",
    params: { namespace, name },
    search: { tab: "start", version, input },
  });
  const link = `${window.location.origin}${location.href}`;
  const isTooLong = link.length > LONGEST_LINK;
  return (
    <CopyButton value={link}>
      {({ copied, copy }) => (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconLink size={16} aria-hidden />}
          onClick={copy}
          disabled={isTooLong}
          title={isTooLong ? "The input is too long for a link" : "Whoever opens it sees this form, filled in"}
        >
          {copied ? "Copied" : "Copy a link to this form"}
        </Button>
      )}
    </CopyButton>
  );
}
