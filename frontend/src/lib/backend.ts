/** The cluster's view of one backend. */

import { Breaker, type BreakerOptions, type BreakerState } from "./breaker";
import { Slots } from "./slots";

export interface BackendState {
  url: string;
  /** ":8000" */
  label: string;
  breaker: BreakerState;
  served: number;
  failed: number;
  /** Latency of the last answer in milliseconds. */
  ms: number | null;
  /** Reason of the last failure; "" if the last request succeeded. */
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
  /** It asked for no requests until this time (Retry-After). */
  restsUntil = 0;
  answeredAt = -Infinity;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** A probe is running or scheduled. */
  isDoubted = false;
  /** Aborted when the breaker opens, so that waiting and hanging reads move to other backends. */
  opened = new AbortController();
  readonly slots: Slots;

  constructor(url: string, breaker: BreakerOptions, atOnce: number) {
    this.url = url.replace(/\/$/, "");
    this.label = `:${new URL(url).port || "80"}`;
    this.breaker = new Breaker(breaker);
    this.slots = new Slots(atOnce);
  }

  /** Called when the breaker opens: waiting and hanging requests move to other backends; new ones are still sent. */
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
