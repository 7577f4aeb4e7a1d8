/** What CodeMirror shows of the language's schema: completions, and what a word means when it is pointed at. */
import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";
import { explainAt, suggestAt } from "./completing";
import type { Schema } from "./schemaWalk";

/** Returns the assistance by a schema. */
export function assist(schema: Schema): Extension {
  return [
    autocompletion({ override: [(context) => complete(context, schema)], activateOnTyping: true, icons: false }),
    hoverTooltip((view, position) => {
      const meaning = explainAt(view.state.doc.toString(), position, schema);
      if (!meaning) return null;
      return { pos: meaning.from, end: meaning.to, above: true, create: () => ({ dom: showMeaning(meaning) }) };
    }),
  ];
}

function complete(context: CompletionContext, schema: Schema): CompletionResult | null {
  const isTyping = context.matchBefore(/[\w$'-]+$/) !== null;
  const isAfterKey = context.matchBefore(/: $/) !== null;
  if (!context.explicit && !isTyping && !isAfterKey) return null;
  const found = suggestAt(context.state.doc.toString(), context.pos, schema);
  if (!found) return null;
  return {
    from: found.from,
    to: found.to === context.pos ? undefined : found.to,
    validFor: /^[\w$'-]*$/,
    options: found.items.map(({ label, kind, insert, detail, info, isRequired }) => ({
      label,
      apply: insert,
      detail,
      info: info || undefined,
      type: kind === "key" ? "property" : "constant",
      boost: isRequired ? 10 : 0,
    })),
  };
}

function showMeaning({ title, description, detail }: { title: string; description: string; detail: string }) {
  const box = document.createElement("div");
  box.className = "cm-hover";
  const name = document.createElement("code");
  name.textContent = title;
  const text = document.createElement("div");
  text.textContent = description;
  box.append(name, text);
  if (detail) {
    const more = document.createElement("div");
    more.textContent = `${detail}.`;
    more.style.color = "var(--mantine-color-dimmed)";
    box.append(more);
  }
  return box;
}
