import { expect, test } from "vitest";
import { NOTHING_SEEN, observe } from "./restarts";
import type { Tick } from "./telemetry";

function tick(redis: string, engine = "up", pid?: number): Tick {
  const answer = (state: string) => ({ state, latency_ms: 1, age_s: 0, detail: "" });
  return { services: { redis: answer(redis), engine: answer(engine) }, engine: pid === undefined ? {} : { pid } } as unknown as Tick;
}

const counts = (...ticks: Tick[]) => ticks.reduce(observe, NOTHING_SEEN).counts;

test("a service that is down from the start was not seen to fail", () => {
  expect(counts(tick("down"), tick("up"))).toEqual({ redis: 0, engine: 0 });
});

test("each time that a service goes down counts once", () => {
  expect(counts(tick("up"), tick("down"), tick("down"), tick("up"), tick("down")).redis).toBe(2);
});

test("an engine with another pid was restarted", () => {
  expect(counts(tick("up", "up", 1), tick("up", "up", 2)).engine).toBe(1);
});

test("an engine that was seen down, and comes back with another pid, was restarted once", () => {
  expect(counts(tick("up", "up", 1), tick("up", "down"), tick("up", "up", 2), tick("up", "up", 2)).engine).toBe(1);
});
