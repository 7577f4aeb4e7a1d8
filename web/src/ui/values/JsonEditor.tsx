import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { readJson } from "@/lib/json";
import { look } from "../code/look";
import type { Faults } from "./judging";
import { locate } from "./locating";

interface JsonEditorProps {
  text: string;
  label: string;
  /** The id of the element that says what is wrong. */
  describedBy: string;
  faults: Faults;
  onChange: (text: string) => void;
}

/** A JSON text with colours, folds and what is wrong with it, where it is wrong. Tab leaves it. */
export function JsonEditor({ text, label, describedBy, faults, onChange }: JsonEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const first = useRef(text);
  const told = useRef(onChange);
  told.current = onChange;

  useEffect(() => {
    if (!place.current) return;
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          lineNumbers(),
          foldGutter(),
          history(),
          drawSelection(),
          indentOnInput(),
          indentUnit.of("  "),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          lintGutter(),
          // JSON is YAML, which is loaded for workflows anyway.
          yaml(),
          look,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({
            "aria-label": label,
            "aria-describedby": describedBy,
            "data-autofocus": "",
          }),
          EditorView.theme({
            "&": { border: "1px solid var(--mantine-color-default-border)", borderRadius: "4px" },
            ".cm-scroller": { overflow: "auto", minHeight: "7em", maxHeight: "45vh" },
          }),
          keymap.of([
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...foldKeymap,
            ...lintKeymap,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) told.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, [label, describedBy]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    if (editor.state.doc.toString() !== text) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
    }
    editor.dispatch(setDiagnostics(editor.state, listMarks(text, faults)));
  }, [text, faults]);

  return <div ref={place} />;
}

function listMarks(text: string, faults: Faults): Diagnostic[] {
  const read = readJson(text);
  if ("error" in read) {
    return [
      {
        from: Math.max(0, read.at - 1),
        to: Math.min(read.at + 1, text.length),
        severity: "error",
        message: read.error,
      },
    ];
  }
  return [...faults].map(([pointer, message]) => ({ ...locate(text, pointer), severity: "warning", message }));
}
