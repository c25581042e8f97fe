import { describe, expect, test } from "vitest";
import { until } from "@/testing/flaky";
import { a, b, c, cluster, counts, trio } from "@/testing/trio";

trio();

describe("abort", () => {
  test("ends the request at once, is no failure of the backend, and no other is asked", async () => {
    a.mood = b.mood = c.mood = "hang";
    const leaving = new AbortController();
    const answer = cluster.send({ path: "/x", signal: leaving.signal });
    await until("it is asked", () => counts().includes(1));
    leaving.abort(new Error("navigated away"));
    await expect(answer).rejects.toThrow("navigated away");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(counts().reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(cluster.snapshot().backends.every(({ failed }) => failed === 0)).toBe(true);
  });

  test("ends the wait between two rounds", async () => {
    a.mood = b.mood = c.mood = "busy";
    const leaving = new AbortController();
    const answer = cluster.send({ path: "/x", signal: leaving.signal });
    await until("all are asked", () => counts().every((count) => count === 1));
    leaving.abort(new Error("navigated away"));
    await expect(answer).rejects.toThrow("navigated away");
    expect(counts()).toEqual([1, 1, 1]);
  });
});
