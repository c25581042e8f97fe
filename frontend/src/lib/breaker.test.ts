import { expect, test } from "vitest";
import { Breaker } from "./breaker";

const OPTIONS = { threshold: 2, coolMs: 100, longestMs: 300 };

function opened(): Breaker {
  const breaker = new Breaker(OPTIONS);
  breaker.failed(0);
  breaker.failed(0);
  return breaker;
}

test("one failure is none", () => {
  const breaker = new Breaker(OPTIONS);
  breaker.failed(0);
  expect(breaker.state).toBe("closed");
  breaker.succeeded();
  breaker.failed(0);
  expect(breaker.state).toBe("closed");
});

test("two in a row open it", () => {
  expect(opened().state).toBe("open");
});

test("lets one probe through, when the time has come", () => {
  const breaker = opened();
  expect(breaker.probe(99)).toBe(false);
  expect(breaker.probe(100)).toBe(true);
  expect(breaker.state).toBe("half-open");
  expect(breaker.probe(100)).toBe(false);
});

test("a probe that fails opens it for twice as long, up to the longest", () => {
  const breaker = opened();
  const waits = [0, 1, 2, 3].map(() => {
    const wait = breaker.wait(0);
    breaker.probe(wait);
    breaker.failed(0);
    return wait;
  });
  expect(waits).toEqual([100, 200, 300, 300]);
});

test("a probe that succeeds closes it, and the next time it opens for as long as the first", () => {
  const breaker = opened();
  breaker.probe(100);
  breaker.failed(100);
  breaker.probe(300);
  breaker.succeeded();
  expect(breaker.state).toBe("closed");
  breaker.failed(1000);
  breaker.failed(1000);
  expect(breaker.wait(1000)).toBe(100);
});

test("failures of requests that were under way do not postpone the probe", () => {
  const breaker = opened();
  breaker.failed(90);
  expect(breaker.probe(100)).toBe(true);
});
