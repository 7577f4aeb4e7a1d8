import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { useEffect, useRef } from "react";
import schema from "@/api/workflow.schema.json";
import { look } from "@/ui/code/look";
import { assist } from "./assistance";
import { chosenTask, type Range, showProblems, showTask } from "./marking";
import type { Mark } from "./problems";
import type { Schema } from "./schemaWalk";

/** What may be done with the text from outside of the editor. */
export interface TextHandle {
  /** Replaces a part; it can be undone like what is typed. */
  replace: (from: number, to: number, insert: string) => void;
  /** Puts the cursor somewhere, and shows the place. */
  goTo: (offset: number, options?: { focus?: boolean }) => void;
}

interface CodeEditorProps {
  /** What it begins with; another one replaces what is written, and can be undone. */
  text: string;
  label: string;
  isReadOnly: boolean;
  onChange: (text: string) => void;
  /** Called with the offset of the cursor, whenever it moves by the person's doing. */
  onCursor: (offset: number) => void;
  /** Problems, and the text that they were found in. */
  marks: { text: string; marks: Mark[] } | null;
  task: Range | null;
  handle: { current: TextHandle | null };
}

/** The text of a workflow, to be edited: with colours, completions, meanings and problems. */
export function CodeEditor({ text, label, isReadOnly, onChange, onCursor, marks, task, handle }: CodeEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const begin = useRef(text);
  const first = useRef(task);
  const told = useRef({ onChange, onCursor });
  told.current = { onChange, onCursor };

  useEffect(() => {
    if (!place.current) return;
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: begin.current,
        extensions: [
          lineNumbers(),
          foldGutter(),
          codeFolding(),
          highlightActiveLineGutter(),
          highlightSpecialChars(),
          history(),
          drawSelection(),
          indentOnInput(),
          indentUnit.of("  "),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          lintGutter(),
          chosenTask,
          yaml(),
          look,
          isReadOnly ? [] : assist(schema as Schema),
          EditorState.readOnly.of(isReadOnly),
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          EditorView.theme({ "&": { height: "100%" }, ".cm-scroller": { overflow: "auto" } }),
          keymap.of([
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...foldKeymap,
            ...completionKeymap,
            ...lintKeymap,
            ...(isReadOnly ? [] : [indentWithTab]),
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) told.current.onChange(update.state.doc.toString());
            const isPersons = update.transactions.some((each) => each.isUserEvent("select") || each.docChanged);
            if (isPersons) told.current.onCursor(update.state.selection.main.head);
          }),
        ],
      }),
    });
    view.current = editor;
    if (first.current) {
      showPlace(editor, Math.min(first.current.from, editor.state.doc.length));
    }
    handle.current = {
      replace: (from, to, insert) => {
        editor.dispatch({
          changes: { from, to, insert },
          selection: { anchor: from + insert.length },
          scrollIntoView: true,
          userEvent: "input",
        });
        editor.focus();
      },
      goTo: (offset, options) => {
        const at = Math.min(offset, editor.state.doc.length);
        editor.dispatch({ selection: { anchor: at } });
        showPlace(editor, at);
        if (options?.focus) editor.focus();
      },
    };
    return () => {
      editor.destroy();
      view.current = null;
      handle.current = null;
    };
  }, [isReadOnly, label, handle]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || text === begin.current) return;
    begin.current = text;
    if (editor.state.doc.toString() !== text) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
    }
  }, [text]);

  useEffect(() => {
    if (view.current && marks) showProblems(view.current, marks.text, marks.marks);
  }, [marks]);

  const [from, to] = [task?.from, task?.to];
  useEffect(() => {
    if (view.current) showTask(view.current, from === undefined || to === undefined ? null : { from, to });
  }, [from, to]);

  return <div ref={place} style={{ height: "100%", minHeight: 0 }} />;
}

/** Scrolls the text to a place, and nothing around it: the page stays where it is. */
function showPlace(editor: EditorView, offset: number): void {
  editor.requestMeasure({
    read: () => {
      const { top, bottom } = editor.lineBlockAt(offset);
      const { scrollTop, clientHeight } = editor.scrollDOM;
      const isSeen = top >= scrollTop && bottom <= scrollTop + clientHeight;
      return isSeen ? null : Math.max(0, top - clientHeight / 3);
    },
    write: (scrollTop) => {
      if (scrollTop !== null) editor.scrollDOM.scrollTop = scrollTop;
    },
  });
}
