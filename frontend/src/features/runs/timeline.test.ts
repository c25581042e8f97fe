import { describe, expect, it } from "vitest";
import type { Schemas } from "@/lib/api/client";
import { timeline } from "./timeline";

type Step = Schemas["RunStep"];

const BEGAN = Date.parse("2026-11-25T20:00:00Z") / 1000;

function step(id: string, phase: string, at: number | null, seconds: number | null, status = "done"): Step {
  return { id, title: id, phase, undo: "yes", status, started: at === null ? null : new Date((BEGAN + at) * 1000).toISOString(), seconds, problem: "" };
}

describe("timeline", () => {
  it("places steps as shares of the run, phase by phase", () => {
    const phases = timeline([step("a", "install", 0, 4), step("b", "cutover", 4, 1), step("c", "cutover", 8, 2)], BEGAN + 60);
    expect(phases.map((entry) => [entry.name, entry.steps.length, entry.seconds])).toEqual([
      ["install", 1, 4],
      ["cutover", 2, 3],
    ]);
    expect(phases.flatMap((entry) => entry.steps.map(({ place }) => [place?.from, place?.width]))).toEqual([
      [0, 0.4],
      [0.4, 0.1],
      [0.8, 0.2],
    ]);
  });

  it("lets a step under way last until now, and gives none to a step that has not begun", () => {
    const [phase] = timeline([step("a", "warm", 0, 5), step("b", "warm", 5, null, "doing"), step("c", "warm", null, null, "todo")], BEGAN + 10);
    expect(phase?.steps.map(({ place }) => place)).toEqual([{ from: 0, width: 0.5 }, { from: 0.5, width: 0.5 }, null]);
  });

  it("keeps a phase that comes twice apart", () => {
    expect(timeline([step("a", "warm", 0, 1), step("b", "verify", 1, 1), step("c", "warm", 2, 1)], 0).map((entry) => entry.name)).toEqual([
      "warm",
      "verify",
      "warm",
    ]);
  });

  it("has no trouble with runs of no length, or in which nothing has begun", () => {
    expect(timeline([step("a", "warm", 0, 0)], BEGAN)[0]?.steps[0]?.place).toEqual({ from: 0, width: 1 });
    expect(timeline([step("a", "warm", null, null, "todo")], 0)[0]?.steps[0]?.place).toBeNull();
    expect(timeline([], 0)).toEqual([]);
  });
});
