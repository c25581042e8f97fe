/** A real backend that misbehaves on request: it dies, hangs, resets, breaks off midway, returns 503 or is slow. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

export type Mood = "well" | "hang" | "reset" | "broken" | "busy" | "slow";

export interface Heard {
  method: string;
  path: string;
  body: string;
}

export class Flaky {
  mood: Mood = "well";
  /** What it does to one request, whatever its mood. */
  moodOf: (heard: Heard) => Mood = () => this.mood;
  /** Seconds that its 503 asks for. */
  retryAfter = "1";
  slowMs = 300;
  /** Every request but the probes. */
  heard: Heard[] = [];
  probes = 0;
  sockets = new Set<WebSocket>();
  /** Sockets are refused with this status. */
  refuse = 0;
  private readonly connections = new Set<Socket>();
  private server: Server | null = null;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get label(): string {
    return `:${this.port}`;
  }

  /** Serve; on the port of before where there was one. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.answer(request, response));
    server.on("connection", (socket) => {
      this.connections.add(socket);
      socket.on("close", () => this.connections.delete(socket));
    });
    const sockets = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      if (this.mood === "reset") return socket.destroy();
      if (this.mood === "hang") return undefined;
      if (this.refuse) return socket.end(`HTTP/1.1 ${this.refuse} No\r\nConnection: close\r\n\r\n`);
      sockets.handleUpgrade(request, socket, head, (one) => {
        this.sockets.add(one);
        one.on("close", () => this.sockets.delete(one));
      });
      return undefined;
    });
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  /** End as after kill -9: nothing listens, every connection is reset. */
  async die(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.terminate();
    this.sockets.clear();
    for (const connection of this.connections) connection.resetAndDestroy();
    await closed;
  }

  /** Send to every socket. */
  tick(at: number): void {
    for (const socket of this.sockets) socket.send(JSON.stringify({ at }));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const heard = { method: request.method ?? "", path: request.url ?? "", body: Buffer.concat(pieces).toString() };
    if (heard.path === "/health/live") this.probes += 1;
    else this.heard.push(heard);
    const mood = this.moodOf(heard);
    if (mood === "hang") return;
    if (mood === "reset") return void request.socket.resetAndDestroy();
    response.setHeader("X-Backend", `${this.port}/1`);
    if (mood === "broken") {
      response.writeHead(200, { "Content-Length": "100" });
      response.write("half");
      setTimeout(() => request.socket.resetAndDestroy(), 20);
      return;
    }
    if (mood === "busy" && heard.path !== "/health/live") {
      response.writeHead(503, { "Retry-After": this.retryAfter, "Content-Type": "application/problem+json" });
      response.end(JSON.stringify({ title: "the queue is full", status: 503 }));
      return;
    }
    if (mood === "slow") await new Promise((resolve) => setTimeout(resolve, this.slowMs));
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ port: this.port }));
  }
}

/** Return so many that serve. */
export async function three(): Promise<[Flaky, Flaky, Flaky]> {
  return [await new Flaky().start(), await new Flaky().start(), await new Flaky().start()];
}

/** Wait until a condition is true. */
export async function until(condition: string, isSo: () => boolean, ms = 5000): Promise<void> {
  const end = performance.now() + ms;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`${condition}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
