import { describe, expect, it } from "vitest";
import { conditionOf, faultOf, filterFault, filterOf, type Condition } from "./filters";

function is(key: string, value: string): Condition {
  return { key, comparison: "is", value };
}

describe("filterOf", () => {
  it("says an equal value the short way, colons in the value included", () => {
    expect(filterOf(is(" source ", "notes.md"))).toBe("source:notes.md");
    expect(filterOf(is("source", "https://example.org/a:b"))).toBe("source:https://example.org/a:b");
  });

  it("says a key with a colon in JSON, because it would be cut there", () => {
    expect(JSON.parse(filterOf(is("dc:title", "x")))).toEqual({ should: [{ key: "dc:title", match: { value: "x" } }] });
  });

  it("excludes a number both as a number and as a word", () => {
    expect(JSON.parse(filterOf({ key: "metadata.year", comparison: "not", value: "2024" }))).toEqual({
      must_not: [
        { key: "metadata.year", match: { value: "2024" } },
        { key: "metadata.year", match: { value: 2024 } },
      ],
    });
  });

  it("excludes what stands in quotes as a word only, and a fraction as a range", () => {
    expect(JSON.parse(filterOf({ key: "a", comparison: "not", value: '"7"' }))).toEqual({ must_not: [{ key: "a", match: { value: "7" } }] });
    expect(JSON.parse(filterOf({ key: "a", comparison: "not", value: "0.5" }))).toEqual({
      must_not: [
        { key: "a", match: { value: "0.5" } },
        { key: "a", range: { gte: 0.5, lte: 0.5 } },
      ],
    });
  });

  it("says bounds as ranges", () => {
    expect(JSON.parse(filterOf({ key: "n", comparison: "least", value: "3" }))).toEqual({ key: "n", range: { gte: 3 } });
    expect(JSON.parse(filterOf({ key: "n", comparison: "most", value: "-1.5" }))).toEqual({ key: "n", range: { lte: -1.5 } });
  });
});

describe("conditionOf", () => {
  it.each<Condition>([
    is("source", "a:b"),
    is("dc:title", "true"),
    { key: "metadata.year", comparison: "not", value: "2024" },
    { key: "n", comparison: "least", value: "3" },
    { key: "n", comparison: "most", value: "0.25" },
  ])("reads back what the form made: %o", (condition) => {
    expect(conditionOf(filterOf(condition))).toEqual(condition);
  });

  it("does not pretend to know a filter that says more than one condition", () => {
    expect(conditionOf('{"must": [{"key": "a", "match": {"value": "b"}}]}')).toBeNull();
    expect(conditionOf('{"must_not": [{"key": "a", "match": {"value": "b"}}, {"key": "c", "match": {"value": "d"}}]}')).toBeNull();
    expect(conditionOf('{"key": "n", "range": {"gte": 1, "lte": 2}}')).toBeNull();
    expect(conditionOf("{")).toBeNull();
  });
});

describe("faults", () => {
  it("are told before anything is sent", () => {
    expect(faultOf(is("", "a"))).toBe("noKey");
    expect(faultOf(is("a", " "))).toBe("noValue");
    expect(faultOf({ key: "a", comparison: "least", value: "many" })).toBe("noNumber");
    expect(faultOf({ key: "a", comparison: "least", value: "1e3" })).toBeNull();
  });

  it("are told of what a person wrote", () => {
    expect(filterFault("source:notes.md")).toBeNull();
    expect(filterFault("notes.md")).toBe("noColon");
    expect(filterFault(":x")).toBe("noColon");
    expect(filterFault('{"must": [')).toBe("noJson");
    expect(filterFault("{}")).toBe("emptyJson");
    expect(filterFault('{"must": [{"key": "a", "is_null": {}}]}')).toBeNull();
  });
});
