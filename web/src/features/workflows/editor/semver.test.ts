import { expect, test } from "vitest";
import { bump, compareVersions, replaceVersion } from "./semver";

test("versions stand in the order of semver.org", () => {
  const ordered = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
  ];
  for (const [index, version] of ordered.entries()) {
    expect(compareVersions(version, version)).toBe(0);
    for (const later of ordered.slice(index + 1)) {
      expect(compareVersions(version, later), `${version} < ${later}`).toBeLessThan(0);
      expect(compareVersions(later, version)).toBeGreaterThan(0);
    }
  }
  expect(compareVersions("1.0.0+a", "1.0.0+b")).toBe(0);
  expect(compareVersions("1.0", "2.0.0")).toBe(0);
});

test("the next versions", () => {
  expect(bump("1.2.3", "patch")).toBe("1.2.4");
  expect(bump("1.2.3", "minor")).toBe("1.3.0");
  expect(bump("1.2.3", "major")).toBe("2.0.0");
  expect(bump("2.0.0-rc.1", "patch")).toBe("2.0.0");
  expect(bump("1.0", "patch")).toBeNull();
});

test("only the version is replaced in a text", () => {
  const text = "document: # about\n  dsl: '1.0.3'\n  version: \"1.0.0\"   # raised by hand\ndo: []\n";
  const change = replaceVersion(text, "1.1.0");
  expect(change && text.slice(0, change.from) + change.insert + text.slice(change.to)).toBe(
    text.replace('"1.0.0"', '"1.1.0"'),
  );
  expect(replaceVersion("document: {version: 1.0}\n", "1.1.0")?.insert).toBe("'1.1.0'");
  expect(replaceVersion("do: []\n", "1.1.0")).toBeNull();
});
