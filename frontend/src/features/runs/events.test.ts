import { describe, expect, it } from "vitest";
import type { Schemas } from "@/lib/api/client";
import { joined, lastNumber, MOST_EVENTS, weighty } from "./events";

function event(number: number, kind: string, step: string, status = ""): Schemas["LoggedEvent"] {
  return { number, at: "2026-11-25T20:00:00Z", kind, step, status, text: `event ${number}` };
}

describe("weighty", () => {
  it("keeps the end of a step, and its beginning only while there is no end", () => {
    const events = [event(1, "run", "", "running"), event(2, "step", "a", "doing"), event(3, "step", "a", "done"), event(4, "step", "b", "doing")];
    expect(weighty(events).map(({ number }) => number)).toEqual([1, 3, 4]);
  });

  it("leaves out what steps write, but not warnings and what is said of the run as a whole", () => {
    const events = [event(1, "line", "a"), event(2, "warning", "a"), event(3, "line", ""), event(4, "result", "")];
    expect(weighty(events).map(({ number }) => number)).toEqual([2, 3, 4]);
  });
});

describe("joined", () => {
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => event(from + at, "line", "a"));

  it("asks for everything first, then for what is new", () => {
    expect(lastNumber(undefined)).toBe(0);
    expect(lastNumber({ events: [], events_before: 0 })).toBe(0);
    expect(lastNumber({ events: numbers(4, 9), events_before: 3 })).toBe(9);
  });

  it("puts new events after those it has", () => {
    const log = joined({ events: numbers(4, 9), events_before: 3 }, { events: numbers(10, 11), events_before: 0 });
    expect(log.events.map(({ number }) => number)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
    expect(log.events_before).toBe(3);
    expect(joined(log, { events: [], events_before: 0 })).toEqual(log);
  });

  it("keeps the newest, and counts those it lets go", () => {
    const log = joined({ events: numbers(1, MOST_EVENTS), events_before: 5 }, { events: numbers(MOST_EVENTS + 1, MOST_EVENTS + 2), events_before: 0 });
    expect([log.events.length, log.events[0]?.number, log.events_before]).toEqual([MOST_EVENTS, 3, 7]);
  });

  it("shows no gap as if it were none: what came before more events than one answer holds is only counted", () => {
    const log = joined({ events: numbers(1, 3), events_before: 0 }, { events: numbers(100, 101), events_before: 96 });
    expect([log.events.map(({ number }) => number), log.events_before]).toEqual([[100, 101], 99]);
  });
});
