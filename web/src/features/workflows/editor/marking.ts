/** What the editor draws into the text from outside: problems, and the lines of the task that is chosen. */
import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import { type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";
import type { Mark } from "./problems";

export interface Range {
  from: number;
  to: number;
}

const setTask = StateEffect.define<Range | null>();
const taskLine = Decoration.line({ class: "cm-task-lines" });

/** The lines of the chosen task, moved along with what is written before them. */
export const chosenTask: Extension = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, transaction) {
    let now = decorations.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setTask)) continue;
      const range = effect.value;
      if (range === null) {
        now = Decoration.none;
        continue;
      }
      const document = transaction.state.doc;
      const first = document.lineAt(Math.min(range.from, document.length)).number;
      const last = document.lineAt(Math.min(range.to, document.length)).number;
      const lines = [];
      for (let line = first; line <= last; line++) lines.push(taskLine.range(document.line(line).from));
      now = Decoration.set(lines);
    }
    return now;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export function showTask(view: EditorView, range: Range | null): void {
  view.dispatch({ effects: setTask.of(range) });
}

/** Shows problems in the text and at its edge; `text` is what they were found in, and is dropped if it is no more. */
export function showProblems(view: EditorView, text: string, marks: Mark[]): void {
  if (view.state.doc.toString() !== text) return;
  view.dispatch(
    setDiagnostics(
      view.state,
      marks.map(
        ({ from, to, problem, fixes }): Diagnostic => ({
          from,
          to,
          severity: problem.severity,
          source: problem.code,
          message: [problem.message, problem.hint].filter(Boolean).join(". "),
          actions: fixes.map((fix) => ({
            name: fix.label,
            apply: (target) => target.dispatch({ changes: { from: fix.from, to: fix.to, insert: fix.insert } }),
          })),
        }),
      ),
    ),
  );
}
