import { describe, expect, test } from "vitest";
import { until } from "@/testing/flaky";
import { a, cluster, read, reads, state, trio } from "@/testing/trio";

trio();

describe("a breaker", () => {
  test("opens after one failure and the probe that follows it, without another read", async () => {
    await a.die();
    for (let index = 0; index < 3; index++) await read();
    await until("it opens", () => state(a)?.breaker === "open");
    expect(cluster.snapshot().backends.map(({ served }) => served).reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  test("of one that hangs opens by checks alone", async () => {
    a.mood = "hang";
    await cluster.check();
    await until("it opens", () => state(a)?.breaker === "open");
  });

  test("opens after two failures in a row, and then costs no read any time", async () => {
    a.mood = "hang";
    await reads(9);
    await until("no probe is under way", () => state(a)?.breaker === "open");
    expect(a.heard.length).toBeLessThanOrEqual(2);
  });

  test("stays closed when an answer comes between two failures", async () => {
    a.moodOf = ({ path }) => (path === "/bad" ? "reset" : "well");
    for (let index = 0; index < 6; index++) await read(index % 2 ? "/good" : "/bad");
    await read("/good");
    expect(state(a)?.breaker).toBe("closed");
  });

  test("is probed once at a time, with a question of its own, and closes when that is answered", async () => {
    a.mood = "hang";
    await reads(9);
    const heard = a.heard.length;
    await until("a probe is under way", () => state(a)?.breaker === "half-open");
    const probes = a.probes;
    await reads(20);
    expect(a.probes - probes).toBeLessThanOrEqual(1);
    expect(a.heard).toHaveLength(heard);
    a.mood = "well";
    await until("it closes", () => state(a)?.breaker === "closed");
    await reads(3);
    expect(a.heard).toHaveLength(heard + 1);
  });

  test("waits longer after each probe that fails, up to a limit", async () => {
    await a.die();
    await reads(6);
    const times: number[] = [];
    const end = cluster.subscribe(() => {
      if (state(a)?.breaker === "half-open") times.push(performance.now());
    });
    await until("four probes", () => times.length >= 4);
    end();
    const [first = 0, second = 0, third = 0] = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
    expect(third).toBeLessThan(4 * 400);
  });

  test("tells why it opened", async () => {
    a.mood = "hang";
    await reads(6);
    expect(state(a)?.error).toBe("did not answer in time");
  });
});
