import { afterEach, beforeEach, expect, test } from "vitest";
import WebSocket from "ws";
import { three, until, type Flaky } from "@/testing/flaky";
import { Cluster } from "./cluster";
import { TelemetrySocket, type Link } from "./telemetry";

let a: Flaky, b: Flaky, c: Flaky;
let cluster: Cluster;
let socket: TelemetrySocket;
let ticks: number[];
let links: Link[];
/** When it tried to connect. */
let tried: number[];
let refused: number;

beforeEach(async () => {
  [a, b, c] = await three();
  cluster = new Cluster([a.url, b.url, c.url], { breaker: { threshold: 2, coolMs: 60, longestMs: 400 }, probeMs: 150 });
  [ticks, links, tried, refused] = [[], [], [], 0];
  socket = new TelemetrySocket(cluster, {
    open: (url) => new WebSocket(url) as unknown as globalThis.WebSocket,
    onTick: (tick) => ticks.push(tick.at),
    onLink: (link) => {
      links.push(link);
      if (link.status === "connecting") tried.push(performance.now());
    },
    onRefused: () => (refused += 1),
    stallMs: 200,
    firstMs: 40,
    longestMs: 160,
  });
});

afterEach(async () => {
  socket.stop();
  cluster.close();
  await Promise.all([a.die(), b.die(), c.die()]);
});

const link = () => links.at(-1);
const on = () => [a, b, c].find((backend) => backend.sockets.size > 0);

/** Wait for a backend to have the socket, and return it. */
async function holder(isOne: (backend: Flaky) => boolean = () => true): Promise<Flaky> {
  let holding: Flaky | undefined;
  await until("a backend has the socket", () => (holding = [a, b, c].find((backend) => backend.sockets.size > 0 && isOne(backend))) !== undefined);
  if (!holding) throw new Error("nobody has it");
  return holding;
}

/** Start, and return the backend that it is on. */
async function listening(): Promise<Flaky> {
  socket.start();
  return holder();
}

async function ticked(backend: Flaky, at: number): Promise<void> {
  backend.tick(at);
  await until(`tick ${at}`, () => ticks.includes(at));
}

test("stays with one backend while that sends", async () => {
  const backend = await listening();
  for (let at = 1; at <= 5; at++) await ticked(backend, at);
  expect(link()).toEqual({ status: "live", url: backend.url, reconnects: 0 });
  expect([a, b, c].map((backend) => backend.sockets.size).reduce((sum, count) => sum + count)).toBe(1);
});

test("goes to another at once when its backend dies, and goes on there", async () => {
  const backend = await listening();
  await ticked(backend, 1);
  await backend.die();
  const next = await holder();
  expect(next).not.toBe(backend);
  await ticked(next, 2);
  expect(link()).toEqual({ status: "live", url: next.url, reconnects: 1 });
});

test("does not tell a tick twice, nor an older one, after it moved", async () => {
  const backend = await listening();
  await ticked(backend, 5);
  await backend.die();
  const next = await holder();
  next.tick(4);
  next.tick(5);
  await ticked(next, 6);
  expect(ticks).toEqual([5, 6]);
});

test("leaves a backend that says nothing more", async () => {
  const backend = await listening();
  await ticked(backend, 1);
  await ticked(await holder((candidate) => candidate !== backend), 2);
});

test("leaves a backend that takes the connection and never answers", async () => {
  a.mood = b.mood = "hang";
  await ticked(await listening(), 1);
  expect(link()?.url).toBe(c.url);
});

test("finds the one that lives", async () => {
  await Promise.all([a.die(), b.die()]);
  expect(await listening()).toBe(c);
});

test("makes the breaker of a dead backend open before any request finds out", async () => {
  const backend = await listening();
  await ticked(backend, 1);
  await backend.die();
  await until("it is suspected", () => (cluster.snapshot().backends.find(({ url }) => url === backend.url)?.failed ?? 0) > 0);
});

test("backs off, ever more slowly and never in step, while all are down, and comes back by itself", async () => {
  const backend = await listening();
  await ticked(backend, 1);
  await Promise.all([a.die(), b.die(), c.die()]);
  tried = [];
  await until("nine attempts", () => tried.length >= 9);
  const rests = [3, 6].map((index) => (tried[index] ?? 0) - (tried[index - 1] ?? 0));
  expect(rests[0]).toBeGreaterThanOrEqual(19); // half of firstMs at least, as far as a timer is exact
  expect(rests[1]).toBeGreaterThanOrEqual(39);
  await a.start();
  await until("it is there", () => a.sockets.size === 1);
  await ticked(a, 2);
  expect(ticks).toEqual([1, 2]);
});

test("asks who we are when every backend refuses, and keeps trying", async () => {
  a.refuse = b.refuse = c.refuse = 403;
  socket.start();
  await until("it says so", () => refused > 0);
  a.refuse = b.refuse = c.refuse = 0;
  await until("a backend has it", () => on() !== undefined);
});

test("stops when its session has ended, and says so", async () => {
  const backend = await listening();
  await ticked(backend, 1);
  for (const open of backend.sockets) open.close(1008);
  await until("it says so", () => refused === 1);
  expect(link()?.status).toBe("off");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(on()).toBeUndefined();
});

test("ends for good when stopped", async () => {
  await ticked(await listening(), 1);
  socket.stop();
  await until("it is closed", () => on() === undefined);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(on()).toBeUndefined();
  expect(link()?.status).toBe("off");
});
