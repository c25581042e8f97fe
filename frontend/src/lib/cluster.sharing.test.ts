import { beforeEach, describe, expect, test } from "vitest";
import { until } from "@/testing/flaky";
import { QUICK, a, anew, b, c, cluster, counts, read, reads, state, trio } from "@/testing/trio";
import { answeredBy } from "./cluster";

trio();

describe("round robin", () => {
  beforeEach(() => {
    anew(); // with the time-outs of the page: a busy machine takes its time over hundreds
  });

  test("300 reads one after the other are 100 for each", async () => {
    await reads(300);
    expect(counts()).toEqual([100, 100, 100]);
  });

  test("300 reads at once are 100 for each", async () => {
    await Promise.all(Array.from({ length: 300 }, () => read()));
    expect(counts()).toEqual([100, 100, 100]);
  });

  test("two that are left share evenly", async () => {
    await b.die();
    await reads(6);
    await until("its breaker opens", () => state(b)?.breaker === "open");
    const before = counts();
    await reads(40);
    const [ofA = 0, , ofC = 0] = counts().map((count, index) => count - (before[index] ?? 0));
    expect(ofA + ofC).toBe(40);
    expect(Math.abs(ofA - ofC)).toBeLessThanOrEqual(2);
  });

  test("every answer tells which backend and worker gave it", async () => {
    const by = answeredBy(await read());
    expect(by).toMatchObject({ attempts: 1, path: "/search?q=x" });
    expect([a, b, c].map((backend) => backend.label)).toContain(by?.backend);
    expect(`:${by?.worker}`).toBe(`${by?.backend}/1`);
    expect(cluster.snapshot().last).toEqual(by);
  });
});

describe("many at once", () => {
  test("time spent waiting for a turn is no time-out", async () => {
    a.mood = b.mood = c.mood = "slow";
    a.slowMs = b.slowMs = c.slowMs = 100;
    const answers = await Promise.all(Array.from({ length: 120 }, () => read())); // eight turns of 100 ms each, and 500 ms for each read
    expect(answers.every((answer) => answer.ok)).toBe(true);
    expect(counts()).toEqual([40, 40, 40]);
  });

  test("those that hang or wait at a backend go elsewhere as soon as its breaker opens", async () => {
    anew({ ...QUICK, readMs: 60_000 });
    a.mood = "hang";
    const all = Promise.all(Array.from({ length: 30 }, () => read()));
    await until("five hang", () => a.heard.length === 5);
    cluster.suspect(a.url);
    expect((await all).every((answer) => answer.ok)).toBe(true);
    expect(a.heard).toHaveLength(5);
  });

  test("one that is aborted while it waits is never sent", async () => {
    a.mood = b.mood = c.mood = "slow";
    const first = Array.from({ length: 15 }, () => read());
    const leaving = new AbortController();
    const last = cluster.send({ path: "/left", signal: leaving.signal });
    leaving.abort(new Error("navigated away"));
    await expect(last).rejects.toThrow("navigated away");
    await Promise.all(first);
    expect([a, b, c].flatMap((backend) => backend.heard).filter(({ path }) => path === "/left")).toEqual([]);
  });
});
