/** One backend, as the cluster knows it. */

import { Breaker, type BreakerOptions, type BreakerState } from "./breaker";
import { Slots } from "./slots";

export interface BackendState {
  url: string;
  /** ":8000" */
  label: string;
  breaker: BreakerState;
  served: number;
  failed: number;
  /** Milliseconds of the last answer. */
  ms: number | null;
  /** Why it failed last, "" when it answered last. */
  error: string;
}

export class Backend {
  readonly url: string;
  readonly label: string;
  readonly breaker: Breaker;
  served = 0;
  failed = 0;
  ms: number | null = null;
  error = "";
  /** Until then it asked to be left alone (Retry-After). */
  restsUntil = 0;
  answeredAt = -Infinity;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** A probe is under way, or will be. */
  isDoubted = false;
  /** Aborted when its breaker opens: reads that hang there, or wait, go elsewhere. */
  opened = new AbortController();
  readonly slots: Slots;

  constructor(url: string, breaker: BreakerOptions, atOnce: number) {
    this.url = url.replace(/\/$/, "");
    this.label = `:${new URL(url).port || "80"}`;
    this.breaker = new Breaker(breaker);
    this.slots = new Slots(atOnce);
  }

  /** Its breaker has opened: whoever hangs or waits here shall go elsewhere; those that come now are asked in spite of it. */
  leave(): void {
    const { opened } = this;
    this.opened = new AbortController();
    opened.abort(new Error(this.error));
  }

  snapshot(): BackendState {
    const { url, label, breaker, served, failed, ms, error } = this;
    return { url, label, breaker: breaker.state, served, failed, ms, error };
  }
}
