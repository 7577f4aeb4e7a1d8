import { describe, expect, test } from "vitest";
import { makeDocument, readExamples } from "./samples";
import { findAround, INSET, indexTree, makeTree } from "./tree";

function listReferences(document: unknown): string[] {
  return [...indexTree(makeTree(document)).values()].map((block) => block.reference).slice(1);
}

describe("the tree of a document", () => {
  test("gives each task the reference that the compiler gives it", () => {
    const inner = [{ post: { set: { a: 1 } } }];
    const document = {
      use: { functions: { notify: { call: "http", with: { method: "post", endpoint: "https://a.test" } } } },
      do: [
        { plain: { do: inner } },
        { work: { for: { in: ".x" }, do: inner } },
        { both: { fork: { branches: [{ left: { do: inner } }, { right: { set: {} } }] } } },
        { careful: { try: inner, catch: { do: inner } } },
        { "a/b~c": { call: "notify" } },
        { hear: { listen: { to: { any: [] } }, foreach: { do: inner } } },
        { consume: { call: "asyncapi", with: { subscription: { foreach: { do: inner } } } } },
      ],
    };
    expect(listReferences(document)).toEqual([
      "/do/0/plain",
      "/do/0/plain/do/0/post",
      "/do/1/work",
      "/do/1/work/do/0/post",
      "/do/2/both",
      "/do/2/both/fork/branches/0/left",
      "/do/2/both/fork/branches/0/left/do/0/post",
      "/do/2/both/fork/branches/1/right",
      "/do/3/careful",
      "/do/3/careful/try/0/post",
      "/do/3/careful/catch/do/0/post",
      "/do/4/a~1b~0c",
      "/do/4/a~1b~0c/call/notify",
      "/do/5/hear",
      "/do/5/hear/foreach/do/0/post",
      "/do/6/consume",
      "/do/6/consume/with/subscription/foreach/do/0/post",
    ]);
  });

  test("says what each task does", () => {
    const tree = makeTree(
      makeDocument(
        { get: { call: "http", with: { method: "get", endpoint: "https://shop.test/prices" } } },
        { each: { for: { each: "host", in: "${ .hosts }" }, do: [] } },
        { race: { fork: { compete: true, branches: [{ a: { set: {} } }, { b: { set: {} } }] } } },
        {
          careful: {
            try: [],
            catch: { errors: { with: { status: 503 } }, retry: { limit: { attempt: { count: 3 } } } },
          },
        },
        { pause: { wait: { minutes: 5, seconds: 2 } } },
        { shell: { run: { shell: { command: "ls -l\nid" } } } },
        { part: { run: { workflow: { namespace: "team", name: "part", version: "1.0.0" } } } },
        { wrong: { raise: { error: { type: "https://example.test/errors/out-of-stock", status: 409 } } } },
      ),
    );
    expect(tree.lists[0]?.blocks.map(({ kind, summary }) => `${kind}: ${summary}`)).toEqual([
      "call: GET shop.test/prices",
      "for: each host in .hosts",
      "fork: 2 branches, the first wins",
      "try: catches status 503; 3 retries",
      "wait: 5 min 2 s",
      "run: shell: ls -l",
      "child: team/part 1.0.0",
      "raise: out-of-stock",
    ]);
  });

  test("passes over what is wrong with a document that is being written", () => {
    const wrong = [
      null,
      1,
      "text",
      [],
      {},
      { do: null },
      { do: "x" },
      { do: [null, 1, [], {}, { a: null }, { b: 1 }] },
    ];
    for (const document of wrong) expect(() => makeTree(document)).not.toThrow();
    const odd = {
      do: [{ a: { for: 1, do: {} } }, { b: { try: null, catch: [] } }, { c: { switch: {} } }, { d: { run: 1 } }],
    };
    expect(listReferences(odd)).toEqual(["/do/0/a", "/do/1/b", "/do/2/c", "/do/3/d"]);
  });

  test("writes out a function that calls itself once", () => {
    const document = { use: { functions: { again: { call: "again" } } }, do: [{ go: { call: "again" } }] };
    expect(listReferences(document)).toEqual(["/do/0/go", "/do/0/go/call/again"]);
  });

  test("draws a child run within its task, under ids of its own", () => {
    const document = makeDocument({ part: { run: { workflow: { namespace: "t", name: "c", version: "1.0.0" } } } });
    const insets = new Map([["/do/0/part", { document: makeDocument({ inner: { set: {} } }) }]]);
    const tree = makeTree(document, { insets });
    const id = `/do/0/part${INSET}/do/0/inner`;
    expect(indexTree(tree).get(id)).toMatchObject({ reference: "/do/0/inner", name: "inner" });
    expect(findAround(tree, id)).toEqual(["/do/0/part"]);
    expect(tree.size).toBe(2);
    const closed = makeTree(document, { insets: new Map([["/do/0/part", {}]]) }).lists[0]?.blocks[0];
    expect(closed).toMatchObject({ canLoad: true, lists: [] });
  });

  test.each(readExamples())("has an id of its own for each block: %s", (_name, document) => {
    const tree = makeTree(document);
    let count = 0;
    const visit = (block: typeof tree) => {
      count += 1;
      for (const list of block.lists) list.blocks.forEach(visit);
    };
    visit(tree);
    expect(indexTree(tree).size).toBe(count);
    expect(tree.size).toBe(count - 1);
  });
});
