/** The live socket: stays with one backend while it sends, fails over to another one, and resumes after the last tick. */

import type { Cluster } from "./cluster";
import type { Schemas } from "./api/client";

export type Tick = Omit<Schemas["SystemReport"], "versions">;

export type LinkStatus = "off" | "connecting" | "live" | "waiting";

export interface Link {
  status: LinkStatus;
  /** URL of the backend that it is connected or connecting to. */
  url: string;
  /** Reconnects since the start. */
  reconnects: number;
}

/** The used part of a WebSocket: the browser's or that of the package ws. */
type SocketLike = Pick<WebSocket, "onopen" | "onmessage" | "onclose" | "onerror" | "readyState" | "close">;

export interface TelemetryOptions {
  open: (url: string) => SocketLike;
  onTick: (tick: Tick) => void;
  onLink: (link: Link) => void;
  /** The backends refuse the connection: log in again, then start again. */
  onRefused: () => void;
  /** Milliseconds without a tick after which a backend counts as stuck. */
  stallMs: number;
  /** Back-off after all backends have failed; doubled each time, with jitter. */
  firstMs: number;
  longestMs: number;
}

const PATH = "/ws/telemetry";
const POLICY = 1008;
const CONNECTING = 0;

export class TelemetrySocket {
  private readonly cluster: Cluster;
  private readonly options: TelemetryOptions;
  private socket: SocketLike | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private link: Link = { status: "off", url: "", reconnects: 0 };
  /** Consecutive failures without a tick. */
  private failures = 0;
  private readonly tried = new Set<string>();
  private lastAt = 0;

  constructor(cluster: Cluster, options: TelemetryOptions) {
    this.cluster = cluster;
    this.options = options;
  }

  start(): void {
    if (this.link.status === "off") this.connect();
  }

  stop(): void {
    this.drop();
    this.tell({ status: "off" });
  }

  private connect(): void {
    const url = this.next();
    this.tell({ status: "connecting", url });
    const socket = this.options.open(url.replace(/^http/, "ws") + PATH);
    this.socket = socket;
    this.watch();
    socket.onmessage = (event) => {
      this.watch();
      this.receive(event.data);
    };
    socket.onclose = (event) => {
      if (event.code === POLICY) this.refused();
      else this.failed();
    };
    socket.onerror = () => undefined; // a close follows
  }

  /** Return the best backend that has not failed since the last tick; if all have, the best one. */
  private next(): string {
    const order = this.cluster.order(0);
    const candidate = order.find((url) => !this.tried.has(url));
    if (!candidate) this.tried.clear();
    return candidate ?? order[0] ?? "";
  }

  private receive(data: unknown): void {
    if (typeof data !== "string") return;
    const tick = JSON.parse(data) as Tick;
    this.failures = 0;
    this.tried.clear();
    if (this.link.status !== "live") this.tell({ status: "live" });
    if (tick.at <= this.lastAt) return; // the previous backend has sent it already
    this.lastAt = tick.at;
    this.options.onTick(tick);
  }

  private failed(): void {
    const { firstMs, longestMs } = this.options;
    this.drop();
    this.failures += 1;
    this.tried.add(this.link.url);
    this.cluster.suspect(this.link.url);
    const count = Math.max(1, this.cluster.snapshot().backends.length);
    const rounds = Math.floor(this.failures / count);
    if (this.failures % count === 0) this.options.onRefused();
    const longest = rounds ? Math.min(firstMs * 2 ** (rounds - 1), longestMs) : 0;
    this.tell({ status: "waiting", reconnects: this.link.reconnects + 1 });
    this.timer = setTimeout(() => this.connect(), longest * (0.5 + Math.random() / 2));
  }

  private refused(): void {
    this.stop();
    this.options.onRefused();
  }

  /** Leave a backend that neither sends ticks nor closes. */
  private watch(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.failed(), this.options.stallMs);
  }

  private drop(): void {
    clearTimeout(this.timer);
    const { socket } = this;
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    // Browsers log an error if a socket is closed before it is open.
    if (socket.readyState === CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
    this.socket = null;
  }

  private tell(change: Partial<Link>): void {
    this.link = { ...this.link, ...change };
    this.options.onLink(this.link);
  }
}
