import { describe, expect, test } from "vitest";
import { until } from "@/testing/flaky";
import { QUICK, a, anew, b, c, cluster, counts, read, reads, trio } from "@/testing/trio";
import { answeredBy } from "./cluster";
import { ClusterDown } from "./problem";

trio();

describe("no read fails while one backend lives", () => {
  test("200 reads while one is killed, and comes back", async () => {
    const all = Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index * 3));
        return (await read()).status;
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 150));
    await a.die();
    await new Promise((resolve) => setTimeout(resolve, 150));
    await a.start();
    expect(new Set(await all)).toEqual(new Set([200]));
  });

  test("two are killed", async () => {
    await Promise.all([a.die(), b.die()]);
    expect((await reads(30)).every((answer) => answer.ok)).toBe(true);
    expect(c.heard).toHaveLength(30);
  });

  test.each(["hang", "reset", "broken", "busy"] as const)("two of them: %s", async (mood) => {
    a.mood = b.mood = mood;
    const bodies = await Promise.all((await reads(12)).map((answer) => answer.json()));
    expect(bodies).toEqual(Array.from({ length: 12 }, () => ({ port: Number(c.label.slice(1)) })));
  });

  test("all fail once, at the same moment", async () => {
    anew({ ...QUICK, readMs: 60_000, probeMs: 60_000 }); // a busy machine must not time one more out
    for (const backend of [a, b, c]) backend.moodOf = ({ path }) => (path !== "/health/live" && backend.heard.length === 1 ? "reset" : "well"); // its probe is no read
    const answer = await read();
    expect(answer.ok).toBe(true);
    expect(answeredBy(answer)?.attempts).toBe(4);
  });

  test("one that is slow but in time is waited for", async () => {
    a.mood = b.mood = c.mood = "slow";
    a.slowMs = b.slowMs = c.slowMs = 100;
    expect((await reads(3)).every((answer) => answer.ok)).toBe(true);
    expect(counts()).toEqual([1, 1, 1]);
  });
});

describe("the whole cluster down", () => {
  test("is said with what was tried, and heals by itself", async () => {
    await Promise.all([a.die(), b.die(), c.die()]);
    const error = await read().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClusterDown);
    expect((error as ClusterDown).tried).toHaveLength(3);
    expect(cluster.snapshot().isDown).toBe(true);
    await b.start();
    await until("it is up again", () => !cluster.snapshot().isDown);
    expect((await read()).ok).toBe(true);
  });

  test("asks those that did not answer rather than nobody", async () => {
    await Promise.all([a.die(), b.die(), c.die()]);
    await read().catch(() => null);
    await c.start();
    expect((await read()).ok).toBe(true);
  });
});
