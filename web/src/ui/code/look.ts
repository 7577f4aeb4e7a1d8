/** How CodeMirror looks here: by the console's own colours, in light and dark. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = EditorView.theme({
  "&": {
    color: "var(--mantine-color-text)",
    backgroundColor: "var(--mantine-color-body)",
    fontSize: "13px",
  },
  "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--mantine-color-text)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--mantine-color-text)" },
  ".cm-gutters": {
    backgroundColor: "var(--mantine-color-body)",
    color: "var(--mantine-color-dimmed)",
    borderRight: "1px solid var(--mantine-color-default-border)",
  },
  ".cm-activeLine": { backgroundColor: "light-dark(#0b728510, #6dcbd912)" },
  ".cm-activeLineGutter": { backgroundColor: "light-dark(#0b72851c, #6dcbd920)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "light-dark(#a0dde6, #0b5260)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "light-dark(#cfeef3, #075e6e)" },
  ".cm-searchMatch": { backgroundColor: "light-dark(#ffe8a3, #6b5500)" },
  ".cm-searchMatch-selected": { backgroundColor: "light-dark(#ffc94d, #947600)" },
  ".cm-panels": {
    backgroundColor: "light-dark(#f1f3f5, #25262b)",
    color: "var(--mantine-color-text)",
    borderColor: "var(--mantine-color-default-border)",
  },
  ".cm-textfield": {
    backgroundColor: "var(--mantine-color-body)",
    color: "var(--mantine-color-text)",
    border: "1px solid var(--mantine-color-default-border)",
  },
  ".cm-button": {
    backgroundImage: "none",
    backgroundColor: "var(--mantine-color-default)",
    color: "var(--mantine-color-text)",
    border: "1px solid var(--mantine-color-default-border)",
  },
  ".cm-tooltip": {
    backgroundColor: "light-dark(#ffffff, #25262b)",
    color: "var(--mantine-color-text)",
    border: "1px solid var(--mantine-color-default-border)",
    borderRadius: "4px",
    boxShadow: "0 2px 8px #0003",
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--mantine-primary-color-filled)",
    color: "#ffffff",
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected] .cm-completionDetail": { color: "#ffffff" },
  ".cm-completionDetail": { color: "var(--mantine-color-dimmed)", fontStyle: "normal" },
  ".cm-completionInfo": { padding: "6px 10px", maxWidth: "360px", whiteSpace: "pre-wrap" },
  ".cm-diagnostic": { padding: "4px 10px", maxWidth: "560px" },
  ".cm-diagnosticAction": {
    backgroundColor: "var(--mantine-primary-color-filled)",
    color: "#ffffff",
    borderRadius: "3px",
    padding: "2px 8px",
  },
  ".cm-hover": { padding: "6px 10px", maxWidth: "420px" },
  ".cm-hover code": { fontFamily: "var(--mantine-font-family-monospace)", fontWeight: "600" },
  ".cm-task-lines": { backgroundColor: "light-dark(#0b72850c, #6dcbd90e)", boxShadow: "inset 3px 0 #1b9fb3" },
  ".cm-mergeView .cm-changedLine, &.cm-merge-a .cm-changedLine": { backgroundColor: "light-dark(#ffe9e9, #3d191c)" },
  "&.cm-merge-b .cm-changedLine, .cm-inlineChangedLine": { backgroundColor: "light-dark(#e3f7ea, #0f2e1a)" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": { background: "light-dark(#ffc4c4, #6b2226)" },
  "&.cm-merge-b .cm-changedText": { background: "light-dark(#aee9c0, #14482a)" },
  ".cm-deletedChunk": { backgroundColor: "light-dark(#ffe9e9, #3d191c)" },
  ".cm-collapsedLines": {
    background: "light-dark(#f1f3f5, #25262b)",
    color: "var(--mantine-color-dimmed)",
    padding: "3px 8px",
    "&:before, &:after": { content: '"⋯"', margin: "0 7px" },
  },
});

const colors = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "light-dark(#0b5d8f, #82c7ff)" },
  { tag: [tags.string, tags.special(tags.string)], color: "light-dark(#195c2f, #8fd9a8)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword, tags.atom], color: "light-dark(#8a3ab0, #d7a6f5)" },
  { tag: tags.content, color: "light-dark(#195c2f, #8fd9a8)" },
  { tag: [tags.comment, tags.lineComment], color: "light-dark(#5f666d, #9aa2aa)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "light-dark(#5c636a, #a3a9b0)" },
  { tag: [tags.meta, tags.labelName, tags.typeName], color: "light-dark(#9a4b00, #ffbe85)" },
]);

/** What every text of the console is shown with. */
export const look: Extension = [theme, syntaxHighlighting(colors)];
