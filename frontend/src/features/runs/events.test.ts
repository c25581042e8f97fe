import { describe, expect, it } from "vitest";
import type { Schemas } from "@/lib/api/client";
import { weighty } from "./events";

function event(number: number, kind: string, step: string, status = ""): Schemas["LoggedEvent"] {
  return { number, at: "2026-11-25T20:00:00Z", kind, step, status, text: `event ${number}` };
}

describe("weighty", () => {
  it("keeps the end of a step, and its beginning only while there is no end", () => {
    const events = [event(1, "run", "", "running"), event(2, "step", "a", "doing"), event(3, "step", "a", "done"), event(4, "step", "b", "doing")];
    expect(weighty(events).map((one) => one.number)).toEqual([1, 3, 4]);
  });

  it("leaves out what steps write, but not warnings and what is said of the run as a whole", () => {
    const events = [event(1, "line", "a"), event(2, "warning", "a"), event(3, "line", ""), event(4, "result", "")];
    expect(weighty(events).map((one) => one.number)).toEqual([2, 3, 4]);
  });
});
