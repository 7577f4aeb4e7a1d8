import { expect, test } from "vitest";
import { makeRandomKey, OnceKey } from "./onceKey";

test("a wish has one key, however often it is sent", () => {
  let count = 0;
  const key = new OnceKey(() => `k${++count}`);
  expect([key.for("a"), key.for("a"), key.for("b"), key.for("a")]).toEqual(["k1", "k1", "k2", "k3"]);
  key.renew();
  expect(key.for("a")).toBe("k4");
  expect(makeRandomKey()).toMatch(/^[0-9a-f]{32}$/);
  expect(makeRandomKey()).not.toBe(makeRandomKey());
});
