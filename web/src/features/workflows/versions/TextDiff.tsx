import { yaml } from "@codemirror/lang-yaml";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useMediaQuery } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import { look } from "@/ui/code/look";

interface TextDiffProps {
  before: string;
  after: string;
  beforeLabel: string;
  afterLabel: string;
  /** Given where the later text may be changed; called with what it has become. */
  onChange?: (text: string) => void;
}

const UNCHANGED = { margin: 3, minSize: 6 };

/** Two texts compared: beside each other where there is room, else one above the other. */
export function TextDiff({ before, after, beforeLabel, afterLabel, onChange }: TextDiffProps) {
  const place = useRef<HTMLDivElement>(null);
  const isWide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const change = useRef(onChange);
  change.current = onChange;
  const first = useRef(after);
  // A text that is changed here is not put in again: the cursor would be lost.
  if (!onChange) first.current = after;
  const isEditable = onChange !== undefined;
  const shown = first.current;
  useEffect(() => {
    if (!place.current) return;
    const parts = (label: string, canChange: boolean): Extension[] => [
      lineNumbers(),
      yaml(),
      look,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      EditorState.readOnly.of(!canChange),
      EditorView.updateListener.of((update) => {
        if (canChange && update.docChanged) change.current?.(update.state.doc.toString());
      }),
    ];
    if (isWide) {
      const view = new MergeView({
        parent: place.current,
        a: { doc: before, extensions: parts(beforeLabel, false) },
        b: { doc: shown, extensions: parts(afterLabel, isEditable) },
        revertControls: isEditable ? "a-to-b" : undefined,
        collapseUnchanged: UNCHANGED,
        highlightChanges: true,
        gutter: true,
      });
      return () => view.destroy();
    }
    const view = new EditorView({
      parent: place.current,
      doc: shown,
      extensions: [
        parts(`${afterLabel}, with what differs from ${beforeLabel}`, isEditable),
        unifiedMergeView({ original: before, mergeControls: isEditable, collapseUnchanged: UNCHANGED }),
      ],
    });
    return () => view.destroy();
  }, [before, shown, beforeLabel, afterLabel, isEditable, isWide]);
  return (
    <div
      ref={place}
      style={{
        border: "1px solid var(--mantine-color-default-border)",
        borderRadius: 4,
        maxHeight: "70vh",
        overflow: "auto",
      }}
    />
  );
}
