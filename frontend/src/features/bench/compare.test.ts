import { describe, expect, it } from "vitest";
import { compare, drawable, inOrder } from "./compare";
import { readDocument, type BenchDocument } from "./document";

const MACHINE = { machine: "ab12", cpu: "a CPU", cores: 2, memory: 8_000_000_000, gpu: "" };

function result(name: string, p50: number | null, more: Record<string, unknown> = {}): BenchDocument {
  return readDocument(
    {
      name,
      case: "embeddings",
      made: "2026-11-25T20:00:00Z",
      settings: { n: 1000, target: name, device: "auto" },
      environment: MACHINE,
      total: { p50_ms: p50 },
      noise: { verdict: "stable", cv: 0.01 },
      ...more,
    },
    name,
  );
}

describe("compare", () => {
  it("says how many times faster the second is, and how much of that noise would be", () => {
    const { total, noise } = compare(result("docker", 30), result("native", 12));
    expect([total.ratio, total.verdict, noise]).toEqual([2.5, "faster", 0.05]);
    expect(compare(result("docker", 10), result("native", 12)).total.verdict).toBe("slower");
  });

  it("calls nothing faster that is within the noise of the worse one", () => {
    expect(compare(result("docker", 10), result("native", 9.6)).total.verdict).toBe("same");
    const noisy = result("native", 8, { noise: { verdict: "unstable", cv: 0.15 } });
    expect(compare(result("docker", 10), noisy)).toMatchObject({ noise: 0.3, total: { verdict: "same" } });
  });

  it("compares the same work on the same machine only; target and device may differ", () => {
    expect(compare(result("docker", 30), result("native", 12)).differences).toEqual([]);
    const other = result("native", 12, { settings: { n: 2000, target: "native", device: "cpu", batch: 32 }, environment: { ...MACHINE, cores: 4 } });
    expect(compare(result("docker", 30), other).differences).toEqual([
      { of: "setting", name: "batch", before: "", now: "32" },
      { of: "setting", name: "n", before: "1000", now: "2000" },
      { of: "machine", name: "cores", before: "2", now: "4" },
    ]);
    expect(compare(result("docker", 30), result("native", 12, { case: "search" })).differences[0]).toMatchObject({ of: "case", now: "search" });
  });

  it("tells what may be why", () => {
    const now = result("native", 12, { device: "cuda:0", environment: { ...MACHINE, kernel: "6.1" } });
    expect(compare(result("docker", 30, { device: "cpu" }), now).notes).toEqual([
      { name: "device", before: "cpu", now: "cuda:0" },
      { name: "target", before: "docker", now: "native" },
      { name: "kernel", before: "", now: "6.1" },
    ]);
  });

  it("shows every stage that either knows, with a ratio only where both do", () => {
    const before = result("docker", 30, {
      stages: [
        { name: "tcp", p50_ms: 2 },
        { name: "backend", p50_ms: 28 },
        { name: "redis", p50_ms: null },
      ],
    });
    const now = result("native", 12, {
      stages: [
        { name: "tcp", p50_ms: 1 },
        { name: "inference", p50_ms: 9 },
        { name: "redis", p50_ms: null },
      ],
    });
    expect(compare(before, now).stages.map(({ name, ratio, verdict }) => [name, ratio, verdict])).toEqual([
      ["tcp", 2, "faster"],
      ["inference", null, "unknown"],
      ["backend", null, "unknown"],
    ]);
  });

  it("divides by no zero and compares nothing with what was not measured", () => {
    expect(compare(result("docker", 0), result("native", 12)).total).toMatchObject({ ratio: null, verdict: "unknown" });
    expect(compare(result("docker", 10), result("native", null)).total.verdict).toBe("unknown");
  });
});

describe("drawable", () => {
  it("leaves out what is too short beside the longest, and says how many that are", () => {
    const stages = (values: Record<string, number>) => ({ stages: Object.entries(values).map(([name, p50_ms]) => ({ name, p50_ms })) });
    const { stages: rows } = compare(
      result("docker", 30, stages({ tcp: 0.1, inference: 29, queue: 0.2 })),
      result("native", 12, stages({ tcp: 0.1, inference: 9, queue: 0.5 })),
    );
    const { rows: shown, left } = drawable(rows);
    expect(shown.map((entry) => entry.name)).toEqual(["inference", "queue"]);
    expect(left).toBe(1);
    expect(drawable([])).toEqual({ rows: [], left: 0 });
  });
});

describe("inOrder", () => {
  it("takes Docker's as the baseline, else the older", () => {
    const [docker, native] = [result("docker", 30), result("native", 12)];
    expect(inOrder(native, docker)).toEqual([docker, native]);
    const later = result("again", 11, { made: "2026-11-26T08:00:00Z" });
    expect(inOrder(later, native).map((entry) => entry.name)).toEqual(["native", "again"]);
  });
});
