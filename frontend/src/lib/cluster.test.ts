import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { three, until, type Flaky } from "@/testing/flaky";
import { Cluster, answeredBy, type ClusterOptions } from "./cluster";
import { ClusterDown, Unanswered } from "./problem";

const QUICK: Partial<ClusterOptions> = {
  breaker: { threshold: 2, coolMs: 60, longestMs: 400 },
  readMs: 500,
  writeMs: 800,
  probeMs: 300,
  waitMs: 20,
  longestWaitMs: 300,
};

let a: Flaky, b: Flaky, c: Flaky;
let cluster: Cluster;

beforeEach(async () => {
  [a, b, c] = await three();
  cluster = new Cluster([a.url, b.url, c.url], QUICK);
});

afterEach(async () => {
  cluster.close();
  await Promise.all([a.die(), b.die(), c.die()]);
});

const counts = () => [a, b, c].map((one) => one.heard.length);
const state = (one: Flaky) => cluster.snapshot().backends.find(({ url }) => url === one.url);
const read = (path = "/search?q=x") => cluster.send({ path });

async function reads(count: number): Promise<Response[]> {
  const answers: Response[] = [];
  for (let index = 0; index < count; index++) answers.push(await read());
  return answers;
}

describe("round robin", () => {
  beforeEach(() => {
    cluster.close();
    cluster = new Cluster([a.url, b.url, c.url]); // with the time-outs of the page: a busy machine takes its time over hundreds
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
    expect([a, b, c].map((one) => one.label)).toContain(by?.backend);
    expect(`:${by?.worker}`).toBe(`${by?.backend}/1`);
    expect(cluster.snapshot().last).toEqual(by);
  });
});

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
    cluster.close();
    cluster = new Cluster([a.url, b.url, c.url], { ...QUICK, readMs: 60_000, probeMs: 60_000 }); // a busy machine must not time one more out
    for (const one of [a, b, c]) one.moodOf = () => (one.heard.length === 1 ? "reset" : "well");
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

describe("many at once", () => {
  test("time spent waiting for a turn is no time-out", async () => {
    a.mood = b.mood = c.mood = "slow";
    a.slowMs = b.slowMs = c.slowMs = 100;
    const answers = await Promise.all(Array.from({ length: 120 }, () => read())); // eight turns of 100 ms each, and 500 ms for each read
    expect(answers.every((answer) => answer.ok)).toBe(true);
    expect(counts()).toEqual([40, 40, 40]);
  });

  test("those that hang or wait at a backend go elsewhere as soon as its breaker opens", async () => {
    cluster.close();
    cluster = new Cluster([a.url, b.url, c.url], { ...QUICK, readMs: 60_000 });
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
    expect([a, b, c].flatMap((one) => one.heard).filter(({ path }) => path === "/left")).toEqual([]);
  });
});

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
    expect(state(a)).toMatchObject({ breaker: "open" });
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

describe("what may be repeated", () => {
  const failing = async (ask: { method: string; path: string; headers?: Headers }) => {
    const isProbe = (path: string) => path === "/health/live";
    for (const one of [a, b, c]) one.moodOf = ({ path }) => (isProbe(path) ? "well" : "reset");
    const error: unknown = await cluster.send({ ...ask, body: ask.method === "GET" ? undefined : "{}" }).catch((reason: unknown) => reason);
    return { error, heard: [a, b, c].flatMap((one) => one.heard).length };
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
    for (const one of [a, b, c]) {
      one.retryAfter = "1";
      one.moodOf = () => (one.heard.length === 1 ? "busy" : "well");
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
