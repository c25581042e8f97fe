import { describe, expect, it } from "vitest";
import { OTHER, folded, parseServerTiming } from "./serverTiming";

describe("parseServerTiming", () => {
  it("reads what a backend sends, in its order, the total apart", () => {
    const { stages, total } = parseServerTiming("cache;dur=1.20, inference;dur=30.10, backend;dur=1.70, total;dur=33.00");
    expect(stages).toEqual([
      { name: "cache", ms: 1.2 },
      { name: "inference", ms: 30.1 },
      { name: "backend", ms: 1.7 },
    ]);
    expect(total).toBe(33);
  });

  it("adds the stages up where no total is told", () => {
    expect(parseServerTiming("a;dur=1, b;dur=2").total).toBe(3);
  });

  it("is not confused by commas and semicolons in a description", () => {
    expect(parseServerTiming('db;desc="read, then; write";dur=4.5, cdn').stages).toEqual([{ name: "db", ms: 4.5 }]);
  });

  it("tells nothing where nothing was told", () => {
    expect(parseServerTiming(null)).toEqual({ stages: [], total: null });
    expect(parseServerTiming("miss, broken;dur=x")).toEqual({ stages: [], total: null });
  });
});

describe("folded", () => {
  const stages = ["auth", "cache", "tokenise", "queue", "inference", "engine", "backend"].map((name, index) => ({ name, ms: index + 1 }));

  it("keeps the greatest in their order and puts the rest together, with the same sum", () => {
    const parts = folded(stages, 4);
    expect(parts.map((part) => part.name)).toEqual(["inference", "engine", "backend", OTHER]);
    expect(parts.reduce((total, part) => total + part.ms, 0)).toBe(28);
  });

  it("changes nothing while there are few", () => {
    expect(folded(stages.slice(0, 6))).toEqual(stages.slice(0, 6));
  });
});
