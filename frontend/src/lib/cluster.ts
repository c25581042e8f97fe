/** Sends every request of the page to the backends in turn and skips those that do not respond. Start at Cluster.send(). */

import { isBusy, isReading, isRepeatable, retryAfterMs, why, type ApiRequest } from "./request";
import { Backend, type BackendState } from "./backend";
import { BREAKER, type BreakerOptions } from "./breaker";
import { ClusterDown, Unanswered } from "./problem";

/** The backend that answered, the number of attempts and the milliseconds; `worker` is from its header, such as "8000/1". */
export interface Answered {
  backend: string;
  worker: string;
  attempts: number;
  ms: number;
  path: string;
}

export interface ClusterState {
  backends: readonly BackendState[];
  last: Answered | null;
  /** No backend responds. */
  isDown: boolean;
}

export interface ClusterOptions {
  breaker: BreakerOptions;
  readMs: number;
  writeMs: number;
  probeMs: number;
  /** Rounds over all backends for a repeatable request. */
  rounds: number;
  /** Factor for the time limit after the first round: a busy machine is not down. */
  patience: number;
  /** Milliseconds between two rounds; replaced by a Retry-After of up to `longestWaitMs`. */
  waitMs: number;
  longestWaitMs: number;
  /** Concurrent requests per backend. A browser allows six, and one is reserved for probes. Requests wait here, before their time limit starts. */
  atOnce: number;
  /** A request that may not be repeated goes to a backend that has answered within this many milliseconds, or answers a probe now. */
  freshMs: number;
}

const OPTIONS: ClusterOptions = { breaker: BREAKER, readMs: 4000, writeMs: 60_000, probeMs: 2000, rounds: 2, patience: 4, waitMs: 250, longestWaitMs: 5000, atOnce: 5, freshMs: 1000 };
export type { BackendState };

const LIVE = "/health/live";
const BODILESS = [101, 204, 205, 304];

const answers = new WeakMap<Response, Answered>();

/** Return which backend answered. */
export function answeredBy(response: Response): Answered | null {
  return answers.get(response) ?? null;
}

export class Cluster {
  private backends: readonly Backend[] = [];
  private readonly options: ClusterOptions;
  private readonly listeners = new Set<() => void>();
  private turn = 0;
  private last: Answered | null = null;
  private state: ClusterState;

  constructor(urls: readonly string[], options: Partial<ClusterOptions> = {}) {
    this.options = { ...OPTIONS, ...options };
    this.state = this.use(urls);
  }

  /** Replace the backends. */
  use(urls: readonly string[]): ClusterState {
    this.close();
    this.backends = urls.map((url) => new Backend(url, this.options.breaker, this.options.atOnce));
    return this.changed();
  }

  /** Stop all probes. */
  close(): void {
    for (const backend of this.backends) clearTimeout(backend.timer);
  }

  /** Subscribe to changes of snapshot(); returns the function that unsubscribes. */
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Return the current state; the same object until something changes. */
  snapshot = (): ClusterState => this.state;

  /** A replacement for fetch(). The host of the URL is ignored. */
  fetch = async (request: Request, timeoutMs?: number): Promise<Response> => {
    const url = new URL(request.url);
    const { method, headers, signal } = request;
    const body = request.body ? await request.arrayBuffer() : undefined;
    return this.send({ path: url.pathname + url.search, method, headers, body, signal, timeoutMs });
  };

  /**
   * Ask the next backend; when it fails and the call may be repeated, the others. Throws ClusterDown when none answers, Unanswered when a call that
   * may not be repeated got no answer, and the signal's reason when it was aborted. A 503 is returned when every backend says so.
   */
  async send(request: ApiRequest): Promise<Response> {
    const began = performance.now();
    const turn = this.turn++;
    return isRepeatable(request) ? this.sendAround(request, turn, began) : this.sendOnce(request, turn, began);
  }

  /** Return the backends in the order to try: responding, resting, not responding. */
  order(turn: number = this.turn++): string[] {
    return this.ordered(turn).map((backend) => backend.url);
  }

  /** Probe every backend whose breaker is closed. Returns their reports, null for no answer. Open ones are probed when due. */
  async check(): Promise<Map<string, unknown>> {
    const closed = this.backends.filter((backend) => backend.breaker.state === "closed");
    return new Map(await Promise.all(closed.map(async (backend) => [backend.url, await this.isAlive(backend)] as const)));
  }

  /** Another client saw this backend fail: probe it now. */
  suspect(url: string): void {
    const backend = this.backends.find((candidate) => candidate.url === url);
    if (backend?.breaker.state === "closed") void this.isAlive(backend);
  }

  private async sendAround(request: ApiRequest, turn: number, began: number): Promise<Response> {
    const tried = new Map<string, string>();
    let attempts = 0;
    for (let round = 0; ; round++) {
      let busy: Response | null = null;
      for (const backend of this.ordered(turn + round)) {
        attempts += 1;
        try {
          const response = await this.inTurn(backend, request, round);
          if (!isBusy(response, request)) return this.answered(response, backend, request, attempts, began);
          this.rest(backend, response);
          busy = response;
        } catch (error) {
          request.signal?.throwIfAborted();
          tried.set(backend.label, why(error));
        }
      }
      if (round + 1 >= this.options.rounds || this.state.isDown) {
        if (busy) return busy;
        throw new ClusterDown([...tried].map(([label, reason]) => `${label} ${reason}`));
      }
      await pause(this.waitAfter(busy), request.signal);
    }
  }

  private async sendOnce(request: ApiRequest, turn: number, began: number): Promise<Response> {
    const tried: string[] = [];
    for (const backend of this.ordered(turn)) {
      request.signal?.throwIfAborted();
      if (performance.now() - backend.answeredAt > this.options.freshMs && !(await this.isAlive(backend))) {
        tried.push(`${backend.label} ${backend.error}`);
        continue;
      }
      try {
        return this.answered(await backend.slots.use(() => this.attempt(backend, request, this.options.writeMs), request.signal), backend, request, 1, began);
      } catch (error) {
        request.signal?.throwIfAborted();
        throw new Unanswered(backend.label, why(error));
      }
    }
    throw new ClusterDown(tried);
  }

  /** Send to one backend when a slot is free there; give up when its breaker opens. */
  private inTurn(backend: Backend, request: ApiRequest, round: number): Promise<Response> {
    const { readMs, writeMs, probeMs, patience } = this.options;
    const usual = isReading(request) ? readMs : writeMs;
    const limit = backend.breaker.state !== "closed" ? probeMs : round ? usual * patience : usual;
    const signal = AbortSignal.any([backend.opened.signal, ...(request.signal ? [request.signal] : [])]);
    return backend.slots.use(() => this.attempt(backend, { ...request, signal }, limit), signal);
  }

  /** Send to one backend and read the whole response, so that a connection that breaks midway counts as a failure. */
  private async attempt(backend: Backend, request: ApiRequest, usualMs: number): Promise<Response> {
    const { path, method = "GET", headers, body } = request;
    const limit = AbortSignal.timeout(request.timeoutMs ?? usualMs);
    const signal = request.signal ? AbortSignal.any([request.signal, limit]) : limit;
    const began = performance.now();
    try {
      const response = await fetch(backend.url + path, { method, headers, body, signal, credentials: "include", redirect: "error" });
      if (response.status === 502 || response.status === 504) throw new Error(`HTTP ${response.status}`);
      const content = await response.arrayBuffer();
      this.succeeded(backend, performance.now() - began);
      const { status, statusText } = response;
      return new Response(BODILESS.includes(status) ? null : content, { status, statusText, headers: response.headers });
    } catch (error) {
      if (!request.signal?.aborted) this.failed(backend, error);
      throw error;
    }
  }

  /** Return the backend's report; null without a valid answer. */
  private async isAlive(backend: Backend): Promise<unknown> {
    try {
      const answer = await this.attempt(backend, { path: LIVE }, this.options.probeMs);
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  private ordered(turn: number): Backend[] {
    const now = performance.now();
    const groups: [Backend[], Backend[], Backend[]] = [[], [], []];
    for (const backend of this.backends) groups[backend.breaker.state !== "closed" ? 2 : backend.restsUntil > now ? 1 : 0].push(backend);
    return groups.flatMap((group) => rotated(group, turn));
  }

  private succeeded(backend: Backend, ms: number): void {
    backend.breaker.succeeded();
    backend.answeredAt = performance.now();
    [backend.ms, backend.error, backend.isDoubted] = [ms, "", false];
    clearTimeout(backend.timer);
    this.changed();
  }

  private failed(backend: Backend, error: unknown): void {
    backend.failed += 1;
    backend.error = why(error);
    backend.answeredAt = -Infinity;
    const was = backend.breaker.state;
    backend.breaker.failed(performance.now());
    const { state } = backend.breaker;
    if (state === "closed") this.doubt(backend);
    if (state === "open") this.probeLater(backend);
    this.changed();
    if (was === "closed" && state === "open") backend.leave();
  }

  /** A single failure may be chance: probe now instead of waiting for the next request. */
  private doubt(backend: Backend): void {
    if (backend.isDoubted) return;
    backend.isDoubted = true;
    clearTimeout(backend.timer);
    backend.timer = setTimeout(() => {
      backend.isDoubted = false;
      if (backend.breaker.state === "closed") void this.isAlive(backend);
    }, this.options.waitMs / 2);
  }

  private probeLater(backend: Backend): void {
    clearTimeout(backend.timer);
    const probe = () => {
      if (!backend.breaker.probe(performance.now())) return;
      this.changed();
      void this.isAlive(backend);
    };
    // Add up to 20 % jitter, so that many pages do not probe at once.
    backend.timer = setTimeout(probe, backend.breaker.wait(performance.now()) * (1 + Math.random() / 5) + 1);
  }

  private rest(backend: Backend, response: Response): void {
    backend.restsUntil = performance.now() + retryAfterMs(response, this.options.waitMs);
  }

  private waitAfter(busy: Response | null): number {
    const { waitMs, longestWaitMs } = this.options;
    return busy ? Math.min(retryAfterMs(busy, waitMs), longestWaitMs) : waitMs * (0.5 + Math.random());
  }

  private answered(response: Response, backend: Backend, request: ApiRequest, attempts: number, began: number): Response {
    backend.served += 1;
    const worker = response.headers.get("X-Backend") ?? "";
    this.last = { backend: backend.label, worker, attempts, ms: performance.now() - began, path: request.path };
    answers.set(response, this.last);
    this.changed();
    return response;
  }

  private changed(): ClusterState {
    const backends = this.backends.map((backend) => backend.snapshot());
    this.state = { backends, last: this.last, isDown: backends.every((backend) => backend.breaker !== "closed") };
    for (const listener of this.listeners) listener();
    return this.state;
  }
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const first = items.length ? by % items.length : 0;
  return [...items.slice(first), ...items.slice(0, first)];
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}
