/** Semantic versions (semver.org 2.0.0): their order, and the next ones. */
import { isScalar } from "yaml";
import { findByPath, readText } from "./readText";

interface Version {
  numbers: [number, number, number];
  /** What stands after the hyphen, if anything. */
  before: string[];
}

const FORM = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

function parse(text: string): Version | null {
  const found = FORM.exec(text);
  if (!found) return null;
  return {
    numbers: [Number(found[1]), Number(found[2]), Number(found[3])],
    before: found[4] ? found[4].split(".") : [],
  };
}

/** Returns a number below, at or above 0 as the one comes before, with or after the other; 0 where one is no version. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [parse(one), parse(other)];
  if (!a || !b) return 0;
  for (const index of [0, 1, 2] as const) {
    if (a.numbers[index] !== b.numbers[index]) return a.numbers[index] - b.numbers[index];
  }
  if (a.before.length === 0 || b.before.length === 0) return b.before.length - a.before.length;
  for (let index = 0; index < Math.max(a.before.length, b.before.length); index++) {
    const [left, right] = [a.before[index], b.before[index]];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (left === right) continue;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (isNumber && isOtherNumber) return Number(left) - Number(right);
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}

export type Step = "patch" | "minor" | "major";

/** Returns the version that follows another by a step. */
export function bump(version: string, step: Step): string | null {
  const parsed = parse(version);
  if (!parsed) return null;
  const [major, minor, patch] = parsed.numbers;
  // A version such as 2.0.0-rc.1 is followed by what it was made for.
  if (step === "patch") return `${major}.${minor}.${parsed.before.length > 0 ? patch : patch + 1}`;
  if (step === "minor") return `${major}.${minor + 1}.0`;
  return `${major + 1}.0.0`;
}

/** What to put where, for the document to say another version; `null` where it says none that can be replaced. */
export function replaceVersion(text: string, version: string): { from: number; to: number; insert: string } | null {
  const node = findByPath(readText(text).root, ["document", "version"]);
  if (!isScalar(node) || !node.range) return null;
  const [from, to] = node.range;
  const quote = text[from] === '"' ? '"' : "'";
  return { from, to, insert: `${quote}${version}${quote}` };
}
