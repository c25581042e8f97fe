/** Whether a backend is asked: closed, yes; open, only when no other is left; half-open, one probe is under way that decides. */
export type BreakerState = "closed" | "open" | "half-open";

export interface BreakerOptions {
  /** Failures in a row that open it. */
  threshold: number;
  /** Milliseconds until the first probe; doubled by each that fails, up to `longestMs`. */
  coolMs: number;
  longestMs: number;
}

export const BREAKER: BreakerOptions = { threshold: 2, coolMs: 1000, longestMs: 10_000 };

/** One backend's breaker. Times come in as milliseconds of any one clock. */
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

  /** Ask for the one probe; true for the first to ask once the time has come. */
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
