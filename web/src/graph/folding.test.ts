import { describe, expect, test } from "vitest";
import { foldAtFirst, listFoldable, listSpans, reveal, turnFold } from "./folding";
import { makeDocument, makeTasks } from "./samples";
import { type Block, makeTree } from "./tree";

describe("folding", () => {
  test("nothing of a small workflow is folded at first", () => {
    expect(foldAtFirst(makeTree(makeDocument({ loop: { for: { in: ".x" }, do: makeTasks(5) } })))).toEqual(new Set());
  });

  test("a large workflow is opened as far as there is room for it, from the outside in", () => {
    const tree = makeTree(
      makeDocument(
        { small: { do: makeTasks(10) } },
        { large: { do: makeTasks(60) } },
        { other: { do: makeTasks(40) } },
      ),
    );
    expect(foldAtFirst(tree)).toEqual(new Set(["/do/2/other"]));
    expect(foldAtFirst(tree, 15)).toEqual(new Set(["/do/1/large", "/do/2/other"]));
  });

  test("a long list has spans", () => {
    const [block] = makeTree(makeDocument(...makeTasks(1))).lists[0]?.blocks ?? [];
    const spans = (count: number) =>
      listSpans({ id: "/do", role: "do", title: "", blocks: Array.from({ length: count }, () => block as Block) });
    expect(spans(60)).toEqual([]);
    expect(
      spans(61)
        .map((span) => [span.from, span.to])
        .at(-1),
    ).toEqual([60, 61]);
    expect(spans(2_000)).toHaveLength(40);
    expect(spans(90_000)).toHaveLength(50);
  });

  test("a task is revealed by opening what is around it", () => {
    const tree = makeTree(makeDocument(...makeTasks(100), { loop: { for: { in: ".x" }, do: makeTasks(3) } }));
    const folds = new Set(listFoldable(tree));
    const revealed = reveal(tree, folds, "/do/100/loop/do/1/task1");
    expect([...folds].filter((id) => !revealed.has(id))).toEqual(["/do@100", "/do/100/loop"]);
    expect(reveal(tree, revealed, "/do/100/loop/do/1/task1")).toBe(revealed);
    expect(reveal(tree, folds, "/nowhere")).toBe(folds);
  });

  test("a fold turns", () => {
    expect(turnFold(new Set(["a"]), "a")).toEqual(new Set());
    expect(turnFold(new Set(["a"]), "b")).toEqual(new Set(["a", "b"]));
  });
});
