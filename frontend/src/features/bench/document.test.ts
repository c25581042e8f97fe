import { describe, expect, it } from "vitest";
import { hasStages, readDocument } from "./document";

const FIGURES = { p50_ms: 2, p95_ms: 3, p99_ms: 4, min_ms: 1, max_ms: 5, mean_ms: 2.1, sd_ms: 0.2, total_ms: 210 };
const NONE = { p50_ms: null, p95_ms: null, p99_ms: null, min_ms: null, max_ms: null, mean_ms: null, sd_ms: null, total_ms: null };

describe("readDocument", () => {
  it("reads a whole document", () => {
    const document = readDocument(
      {
        schema: "omnimind.bench/1",
        name: "native",
        case: "embeddings",
        made: "2026-11-25T20:00:00+00:00",
        settings: { n: 1000, target: "native" },
        environment: { cpu: "a CPU", cores: 2 },
        device: "cpu",
        stages: [
          { name: "inference", note: "", ...FIGURES },
          { name: "redis", note: "not used", ...NONE },
        ],
        total: FIGURES,
        elapsed_ms: FIGURES,
        texts_per_s: 410.5,
        queries_per_s: null,
        histogram: [
          [1, 2, 60],
          [2, 5, 40],
        ],
        repeats: 3,
        noise: { verdict: "stable", cv: 0.01 },
        sum_check: { wall_ms: 2, sum_ms: 1.95, difference: 0.025, limit: 0.05, ok: true },
        interrupted: false,
        requirements: [{ text: "p95<210ms", found: 3, ok: true }],
      },
      "file",
    );
    expect(document).toMatchObject({
      name: "native",
      total: { p50: 2, total: 210 },
      rates: [{ name: "texts", value: 410.5 }],
      noise: { cv: 0.01 },
      sumCheck: { ok: true },
      repeats: 3,
    });
    expect(document.stages.map((stage) => [stage.name, stage.p95, stage.note])).toEqual([
      ["inference", 3, ""],
      ["redis", null, "not used"],
    ]);
    expect(document.histogram).toEqual([
      [1, 2, 60],
      [2, 5, 40],
    ]);
    expect(hasStages(document)).toBe(true);
    expect(document.figures.map((figure) => [figure.name, figure.p50])).toEqual([["elapsed", 2]]);
    expect(document.more).toEqual({});
  });

  it("makes nothing up where a case says nothing", () => {
    const document = readDocument({}, "file");
    expect(document).toMatchObject({ name: "file", stages: [], histogram: [], repeats: null, interrupted: false, more: {}, noise: { verdict: "", cv: null } });
    expect(Object.values(document.total)).toEqual(new Array(8).fill(null));
    expect(hasStages(document)).toBe(false);
  });

  it("keeps what only one case has, but not what was not told", () => {
    const document = readDocument({ case: "quantum", recall: 0.99, crossover: [{ qubits: 20, cpu_ms: 5 }], embedding: NONE, lost: null, notes: [] }, "q");
    expect(document.more).toEqual({ recall: 0.99, crossover: [{ qubits: 20, cpu_ms: 5 }] });
  });

  it("is not broken by what is of another kind than it should be", () => {
    const document = readDocument(
      { stages: [null, { note: "no name" }, { name: "tcp", p50_ms: "fast" }], histogram: [[1, 2], "x", [1, 2, 3]], total: [], noise: "quiet" },
      "odd",
    );
    expect(document.stages.map((stage) => [stage.name, stage.p50])).toEqual([["tcp", null]]);
    expect(document.histogram).toEqual([[1, 2, 3]]);
  });
});
