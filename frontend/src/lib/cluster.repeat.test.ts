import { describe, expect, test } from "vitest";
import { a, b, c, cluster, counts, read, reads, state, trio } from "@/testing/trio";
import { Unanswered } from "./problem";

trio();

describe("what may be repeated", () => {
  const failing = async (request: { method: string; path: string; headers?: Headers }) => {
    const isProbe = (path: string) => path === "/health/live";
    for (const backend of [a, b, c]) backend.moodOf = ({ path }) => (isProbe(path) ? "well" : "reset");
    const error: unknown = await cluster.send({ ...request, body: request.method === "GET" ? undefined : "{}" }).catch((reason: unknown) => reason);
    return { error, heard: [a, b, c].flatMap((backend) => backend.heard).length };
  };

  test.each(["GET", "PUT", "DELETE"])("%s is", async (method) => {
    expect((await failing({ method, path: "/x" })).heard).toBe(6);
  });

  test("POST /documents is, by its content", async () => {
    expect((await failing({ method: "POST", path: "/documents" })).heard).toBe(6);
  });

  test("a POST with an Idempotency-Key is, and sends the same key and body each time", async () => {
    a.mood = b.mood = "reset";
    const answer = await cluster.fetch(new Request("http://x/embed", { method: "POST", body: '{"a":1}', headers: { "Idempotency-Key": "k" } }));
    expect(answer.ok).toBe(true);
    expect(c.heard.map(({ body }) => body)).toEqual(['{"a":1}']);
  });

  test.each(["POST", "PATCH"])("%s is not: it is sent once, and the error says that nobody knows", async (method) => {
    const { error, heard } = await failing({ method, path: "/users" });
    expect(error).toBeInstanceOf(Unanswered);
    expect(heard).toBe(1);
  });

  test("a POST first looks whether its backend lives", async () => {
    await Promise.all([a.die(), b.die()]);
    for (let index = 0; index < 3; index++) expect((await cluster.send({ path: "/auth/login", method: "POST", body: "{}" })).ok).toBe(true);
    expect(c.heard).toHaveLength(3);
  });

  test("a POST that takes longer than its time-out is not sent again", async () => {
    a.mood = b.mood = c.mood = "slow";
    a.slowMs = b.slowMs = c.slowMs = 100;
    await cluster.check();
    const error = await cluster.send({ path: "/users", method: "POST", timeoutMs: 30 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unanswered);
    expect(counts().reduce((sum, count) => sum + count, 0)).toBe(1);
  });
});

describe("503", () => {
  test("from one is answered by another, and that one is left alone as long as it asked for", async () => {
    a.mood = "busy";
    await reads(9);
    expect(a.heard).toHaveLength(1);
    expect(state(a)?.breaker).toBe("closed");
  });

  test("from all is waited out once, as long as it says", async () => {
    for (const backend of [a, b, c]) {
      backend.retryAfter = "1";
      backend.moodOf = () => (backend.heard.length === 1 ? "busy" : "well");
    }
    const began = performance.now();
    expect((await read()).ok).toBe(true);
    expect(performance.now() - began).toBeGreaterThanOrEqual(290); // longestWaitMs
  });

  test("that stays is given to who asked, with its words", async () => {
    a.mood = b.mood = c.mood = "busy";
    const answer = await read();
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ title: "the queue is full" });
    expect(cluster.snapshot().isDown).toBe(false);
  });

  test("of a health check is an answer", async () => {
    a.mood = b.mood = c.mood = "busy";
    expect((await read("/health/ready")).status).toBe(503);
    expect(counts().reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  test("of a POST that may not be repeated is given to who asked", async () => {
    a.mood = b.mood = c.mood = "busy";
    expect((await cluster.send({ path: "/users", method: "POST" })).status).toBe(503);
    expect(counts().reduce((sum, count) => sum + count, 0)).toBe(1);
  });
});
