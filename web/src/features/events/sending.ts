/** An event that somebody writes: what is wrong with it, and as it is sent. */
import type { CloudEventObject } from "@/api/schema";
import { beginDraft, type Draft, findFlaw } from "@/ui/values/draft";

export interface EventDraft {
  namespace: string;
  type: string;
  source: string;
  subject: string;
  data: Draft;
}

export type EventField = "namespace" | "type" | "source";

export function beginEvent(namespace: string): EventDraft {
  return { namespace, type: "", source: "/kapell/console", subject: "", data: beginDraft(undefined, null) };
}

/** Returns what is wrong with the fields, by field; what the data lacks, its editor says. */
export function checkEvent({ namespace, type, source }: EventDraft): Partial<Record<EventField, string>> {
  const wrong: Partial<Record<EventField, string>> = {};
  if (namespace.trim() === "") wrong.namespace = "Say whose event it is.";
  if (type.trim() === "") wrong.type = "Say what happened, such as com.example.order.paid.";
  if (source.trim() === "") wrong.source = "Say where it happened.";
  else if (/[\s<>"{}|\\^`]/.test(source.trim()))
    wrong.source = "This is no URI: it has a blank or another sign that none has.";
  return wrong;
}

export function canSend(draft: EventDraft): boolean {
  return Object.keys(checkEvent(draft)).length === 0 && findFlaw(draft.data) === null;
}

/** Returns the event as the API takes it. */
export function makeEvent(draft: EventDraft, id: string): CloudEventObject {
  const { type, source, subject, data } = draft;
  return {
    specversion: "1.0",
    id,
    type: type.trim(),
    source: source.trim(),
    ...(subject.trim() !== "" && { subject: subject.trim() }),
    ...(data.text.trim() !== "" && { datacontenttype: "application/json", data: data.value }),
  };
}
