import { expect, test } from "vitest";
import type { BackendState } from "@/lib/cluster";
import { NO_CHECKS, record, type Checks } from "./checks";

const URL = "http://localhost:8000";
const backend = (ms: number) => [{ url: URL, ms } as BackendState];
const says = (worker: string, pid: number) => new Map([[URL, { worker, pid }]]);

function after(...reports: Map<string, unknown>[]): Checks[string] | undefined {
  return reports.reduce((checks, report, index) => record(checks, backend(index), report), NO_CHECKS)[URL];
}

test("latency is kept, with a gap where a backend did not answer", () => {
  expect(after(says("1", 7), new Map([[URL, null]]), says("1", 7))?.latency).toEqual([0, null, 2]);
});

test("two workers behind one port are two, not a restart", () => {
  expect(after(says("1", 7), says("2", 8), says("1", 7))).toMatchObject({ restarts: 0, pids: { 1: 7, 2: 8 } });
});

test("a worker with another pid was restarted", () => {
  expect(after(says("1", 7), says("2", 8), says("1", 9))?.restarts).toBe(1);
});

test("a backend that is not asked, for its breaker is open, is a gap", () => {
  expect(after(new Map())?.latency).toEqual([null]);
});
