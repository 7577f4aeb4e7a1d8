import { useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useEffect, useState, useSyncExternalStore } from "react";
import { ApiError, api, got } from "@/api/client";
import { draftQuery, type EditedText, workflowKey } from "../queries";
import { DraftSaver, type Saving } from "./saving";
import { dropUnsaved, findUnsaved, keepUnsaved } from "./unsaved";

export interface DraftState {
  text: string;
  change: (text: string) => void;
  saving: Saving;
  saver: DraftSaver;
  /** Whether text that had not been saved was found in this tab. */
  wasRestored: boolean;
  /** Set while the person is asked whether to leave what is not saved. */
  leaving: { proceed: () => void; stay: () => void } | null;
}

/** The draft of a workflow while it is edited: saved by itself, and not left while it is not saved. */
export function useDraft(namespace: string, name: string, begin: EditedText, isEditPage: IsEditPage): DraftState {
  const queryClient = useQueryClient();
  const key = `${namespace}/${name}`;
  const [found] = useState(() => {
    const kept = findUnsaved(window.sessionStorage, key);
    return kept?.text === begin.text ? null : kept;
  });
  const [text, setText] = useState(found?.text ?? begin.text);
  const [saver] = useState(() => {
    const save = async (source: string, revision: number | null) => {
      const draft = await got(
        api.PUT("/api/v1/workflows/{namespace}/{name}/draft", {
          params: { path: { namespace, name } },
          body: { source, revision, base_version: revision === null ? begin.baseVersion : undefined },
        }),
      );
      queryClient.setQueryData(draftQuery(namespace, name).queryKey, draft);
      if (revision === null) {
        void queryClient.invalidateQueries({ queryKey: [...workflowKey(namespace, name), "summary"] });
        void queryClient.invalidateQueries({ queryKey: ["workflows"] });
      }
      return draft.revision;
    };
    const isConflict = (error: unknown) => error instanceof ApiError && error.status === 409;
    // What was found is saved from the revision that it was made from, so that a newer one is not written over.
    const made = new DraftSaver({ save, isConflict }, begin.text, found ? found.revision : begin.revision);
    if (found) made.change(found.text);
    return made;
  });
  const saving = useSyncExternalStore(saver.subscribe, saver.getState);

  const change = (changed: string) => {
    setText(changed);
    keepUnsaved(window.sessionStorage, key, { text: changed, revision: saver.revision });
    saver.change(changed);
  };
  useEffect(() => {
    if (saving.kind === "saved") dropUnsaved(window.sessionStorage, key);
  }, [saving, key]);

  const blocker = useBlocker({
    shouldBlockFn: async ({ next }) => {
      if (saver.state.kind === "saved" || isEditPage(next)) return false;
      return !(await saver.flush());
    },
    enableBeforeUnload: () => saver.state.kind !== "saved",
    withResolver: true,
  });
  const leaving =
    blocker.status === "blocked"
      ? {
          proceed: () => {
            dropUnsaved(window.sessionStorage, key);
            blocker.proceed();
          },
          stay: blocker.reset,
        }
      : null;
  return { text, change, saving, saver, wasRestored: found !== null, leaving };
}

/** Tells whether a place of the router is this editor still. */
export type IsEditPage = (place: { pathname: string; search: unknown }) => boolean;
