import { expect, test } from "vitest";
import { ApiError } from "@/api/client";
import { placeError } from "./placement";

function refuse(status: number, detail: string, hint?: string) {
  return new ApiError({ type: "/problems/usage", title: "Usage", status, code: "usage", detail, hint });
}

const FIELDS = { password: /password/i, name: /name/i };

test("a refusal stands beside the first field that it speaks of, with what to do", () => {
  const { at, rest } = placeError(refuse(422, "A password does not contain the name.", "Take another."), FIELDS);
  expect(at).toEqual({ password: "A password does not contain the name. Take another." });
  expect(rest).toBeNull();
});

test("what speaks of no field, or is not about what was typed, is left over", () => {
  const other = refuse(422, "It is past.");
  expect(placeError(other, FIELDS)).toEqual({ at: {}, rest: other });
  const denied = refuse(403, "You may not change a name.");
  expect(placeError(denied, FIELDS)).toEqual({ at: {}, rest: denied });
  expect(placeError(null, FIELDS)).toEqual({ at: {}, rest: null });
});
