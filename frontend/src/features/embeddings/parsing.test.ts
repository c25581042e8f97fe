import { describe, expect, it } from "vitest";
import { linesOf, parseCache } from "./parsing";

describe("parseCache", () => {
  it("reads what the backend tells", () => {
    expect(parseCache("hits=2, misses=1, rate=0.67")).toEqual({ hits: 2, misses: 1, duplicates: 0, state: "up" });
    expect(parseCache("hits=0, misses=3, rate=0.00, duplicates=2, state=down")).toEqual({ hits: 0, misses: 3, duplicates: 2, state: "down" });
  });

  it("makes nothing up", () => {
    expect(parseCache(null)).toBeNull();
    expect(parseCache("hits=many")).toEqual({ hits: 0, misses: 0, duplicates: 0, state: "up" });
  });
});

describe("linesOf", () => {
  it("leaves out empty lines and outer space, and keeps equal texts", () => {
    expect(linesOf(" one \r\n\n two\n two\n")).toEqual(["one", "two", "two"]);
  });
});
