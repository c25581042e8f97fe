/** Every request of the page goes through here: to the backends in turn, past those that do not answer. Start at Cluster.send(). */

import { isBusy, isReading, isRepeatable, retryAfterMs, why, type ApiRequest } from "./request";
import { Backend, type BackendState } from "./backend";
import { BREAKER, type BreakerOptions } from "./breaker";
import { ClusterDown, Unanswered } from "./problem";

/** Which backend gave an answer, after how many attempts and milliseconds; `worker` as its header says, "8000/1". */
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
  /** No backend answers. */
  isDown: boolean;
}

export interface ClusterOptions {
  breaker: BreakerOptions;
  readMs: number;
  writeMs: number;
  probeMs: number;
  /** How often all backends are gone through for one call that may be repeated. */
  rounds: number;
  /** How many times longer one may take after the first round: a machine that is merely busy is not down. */
  patience: number;
  /** Milliseconds between two rounds; a Retry-After counts instead where it is given, up to `longestWaitMs`. */
  waitMs: number;
  longestWaitMs: number;
  /** Requests to one backend at a time; a browser sends six, and one is kept for probes. Those that wait do so here, where no time-out counts yet. */
  atOnce: number;
  /** A call that may not be repeated goes to a backend that has answered within so many milliseconds, or does now. */
  freshMs: number;
}

const OPTIONS: ClusterOptions = { breaker: BREAKER, readMs: 4000, writeMs: 60_000, probeMs: 2000, rounds: 2, patience: 4, waitMs: 250, longestWaitMs: 5000, atOnce: 5, freshMs: 1000 };
export type { BackendState };

const LIVE = "/health/live";
const BODILESS = [101, 204, 205, 304];

const answers = new WeakMap<Response, Answered>();

/** Tell which backend gave an answer. */
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

  /** Talk to these backends from now on. */
  use(urls: readonly string[]): ClusterState {
    this.close();
    this.backends = urls.map((url) => new Backend(url, this.options.breaker, this.options.atOnce));
    return this.changed();
  }

  /** End all probing. */
  close(): void {
    for (const backend of this.backends) clearTimeout(backend.timer);
  }

  /** Be told of each change of snapshot(); returns what ends that. */
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Return how everything is; the same object until something changes. */
  snapshot = (): ClusterState => this.state;

  /** Do what fetch() does, with a URL of any host: only its path counts. */
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

  /** Return the backends to try, in order: those that answer, those that rest, those that did not answer. */
  order(turn: number = this.turn++): string[] {
    return this.ordered(turn).map((backend) => backend.url);
  }

  /** Ask every backend whether it lives, so that the breakers follow; return what each said, null where it said nothing. Open ones are asked when it is time. */
  async check(): Promise<Map<string, unknown>> {
    const closed = this.backends.filter((backend) => backend.breaker.state === "closed");
    return new Map(await Promise.all(closed.map(async (backend) => [backend.url, await this.isAlive(backend)] as const)));
  }

  /** Something else saw this backend fail: find out now. */
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

  /** Ask one backend when it is this call's turn there; leave when it turns out that it does not answer. */
  private inTurn(backend: Backend, request: ApiRequest, round: number): Promise<Response> {
    const { readMs, writeMs, probeMs, patience } = this.options;
    const usual = isReading(request) ? readMs : writeMs;
    const limit = backend.breaker.state !== "closed" ? probeMs : round ? usual * patience : usual;
    const signal = AbortSignal.any([backend.opened.signal, ...(request.signal ? [request.signal] : [])]);
    return backend.slots.use(() => this.attempt(backend, { ...request, signal }, limit), signal);
  }

  /** Ask one backend; its answer is read to the end, so that a connection that breaks in the middle counts as a failure too. */
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

  /** Return what it says of itself, null when it does not answer as it should. */
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

  /** One failure may be chance: find out, rather than let the next call do it. */
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
    // Up to a fifth later, so that many pages do not knock at once.
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
