import { describe, expect, it } from "vitest";
import { histogram } from "./outcomes";

const counts = { "11": 5, "00": 80, "01": 5, "10": 10 };

describe("histogram", () => {
  it("gives the most frequent first, equal ones by value", () => {
    expect(histogram(counts, 100, "count", 9).shown.map((outcome) => outcome.bits)).toEqual(["00", "10", "01", "11"]);
  });

  it("keeps the most frequent also where they are shown by value, and adds up the rest", () => {
    const { shown, rest } = histogram(counts, 100, "value", 2);
    expect(shown.map((outcome) => [outcome.bits, outcome.share])).toEqual([
      ["00", 0.8],
      ["10", 0.1],
    ]);
    expect(rest).toEqual({ outcomes: 2, count: 10 });
  });

  it("has nothing to show of nothing", () => {
    expect(histogram({}, 0, "count", 5)).toEqual({ shown: [], rest: { outcomes: 0, count: 0 } });
  });
});
