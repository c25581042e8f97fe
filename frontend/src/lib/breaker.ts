/** Circuit breaker of a backend. closed: requests are sent; open: only if no other backend is left; half-open: one probe decides. */
export type BreakerState = "closed" | "open" | "half-open";

export interface BreakerOptions {
  /** Consecutive failures that open it. */
  threshold: number;
  /** Milliseconds until the first probe; doubled after each failed probe, up to `longestMs`. */
  coolMs: number;
  longestMs: number;
}

export const BREAKER: BreakerOptions = { threshold: 2, coolMs: 1000, longestMs: 10_000 };

/** The breaker of one backend. Times are milliseconds of any monotonic clock. */
export class Breaker {
  private readonly options: BreakerOptions;
  private failures = 0;
  private cool: number;
  private until = 0;
  private current: BreakerState = "closed";

  constructor(options: BreakerOptions = BREAKER) {
    this.options = options;
    this.cool = options.coolMs;
  }

  get state(): BreakerState {
    return this.current;
  }

  /** Milliseconds from `now` until a probe may be sent. */
  wait(now: number): number {
    return Math.max(0, this.until - now);
  }

  /** Claim the single probe. Returns true for the first caller once it is due. */
  probe(now: number): boolean {
    if (this.current !== "open" || now < this.until) return false;
    this.current = "half-open";
    return true;
  }

  succeeded(): void {
    this.failures = 0;
    this.cool = this.options.coolMs;
    this.current = "closed";
  }

  failed(now: number): void {
    this.failures += 1;
    if (this.current === "half-open") this.cool = Math.min(this.cool * 2, this.options.longestMs);
    if (this.current === "open" || (this.current === "closed" && this.failures < this.options.threshold)) return;
    this.current = "open";
    this.until = now + this.cool;
  }
}
