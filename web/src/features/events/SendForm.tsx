import { Autocomplete, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { api, got } from "@/api/client";
import type { SentEvents } from "@/api/schema";
import { useNamespaces } from "@/features/session/namespaces";
import { OnceKey } from "@/lib/onceKey";
import { placeError } from "@/lib/placement";
import { DialogForm } from "@/ui/DialogForm";
import { useAction } from "@/ui/useAction";
import { NO_FAULTS } from "@/ui/values/judging";
import { ValueForm } from "@/ui/values/ValueForm";
import { canSend, checkEvent, type EventDraft, type EventField, makeEvent } from "./sending";

interface SendFormProps {
  draft: EventDraft;
  onChange: (draft: EventDraft) => void;
  onSent: (draft: EventDraft) => void;
  onClose: () => void;
}

const ABOUT: Record<EventField, RegExp> = { namespace: /namespace/i, type: /\btype\b/i, source: /\bsource\b/i };

/** The form that sends an event. What is written stays where it is kept, also when the dialog is closed. */
export function SendForm({ draft, onChange, onSent, onClose }: SendFormProps) {
  const namespaces = useNamespaces();
  const [wasTried, setWasTried] = useState(false);
  const id = useRef(new OnceKey());
  const wrong = wasTried ? checkEvent(draft) : {};
  const send = useAction({
    run: () => {
      const namespace = draft.namespace.trim();
      const event = makeEvent(draft, "");
      return got(
        api.POST("/api/v1/namespaces/{namespace}/events", {
          params: { path: { namespace } },
          headers: { "Content-Type": "application/cloudevents+json" },
          body: { ...event, id: id.current.for(JSON.stringify([namespace, event])) },
        }),
      );
    },
    success: tellSent,
    refresh: [["cloud-events", "list"]],
    onDone: () => {
      id.current.renew();
      onSent(draft);
    },
  });
  const { at, rest } = placeError(send.error, ABOUT);
  const set = (changes: Partial<EventDraft>) => onChange({ ...draft, ...changes });
  return (
    <DialogForm
      submit="Send the event"
      consequence="It is stored at once. Each run of the namespace that listens for such an event is given it."
      isPending={send.isPending}
      error={rest}
      onSubmit={() => {
        setWasTried(true);
        if (canSend(draft)) send.mutate();
      }}
      onCancel={onClose}
    >
      <Autocomplete
        label="Namespace"
        description="Whose event it is: runs of this namespace see it"
        data={namespaces}
        value={draft.namespace}
        onChange={(namespace) => set({ namespace })}
        error={wrong.namespace ?? at.namespace}
        withAsterisk
      />
      <TextInput
        label="Type"
        description="What happened, such as com.example.order.paid"
        value={draft.type}
        onChange={(event) => set({ type: event.currentTarget.value })}
        error={wrong.type ?? at.type}
        autoComplete="off"
        withAsterisk
        data-autofocus
      />
      <TextInput
        label="Source"
        description="Where, as a URI or a path"
        value={draft.source}
        onChange={(event) => set({ source: event.currentTarget.value })}
        error={wrong.source ?? at.source}
        autoComplete="off"
        withAsterisk
      />
      <TextInput
        label="Subject"
        description="To what; may be left out"
        value={draft.subject}
        onChange={(event) => set({ subject: event.currentTarget.value })}
        autoComplete="off"
      />
      <ValueForm draft={draft.data} onChange={(data) => set({ data })} field={null} label="Data" faults={NO_FAULTS} />
    </DialogForm>
  );
}

function tellSent({ events: [event] }: SentEvents): string {
  return event?.position == null
    ? "An event of this source and id was there already."
    : `The event is stored as number ${event.position}.`;
}
