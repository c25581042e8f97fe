import type { Tone } from "@/components/Badge";

/** How a service or the whole is; what is not known counts as down. */
export type Status = "ready" | "degraded" | "down";

export const STATUS_TONE: Record<Status, Tone> = { ready: "good", degraded: "warn", down: "bad" };

/** Return it for what the backend calls ready, up, degraded or down. */
export function statusOf(status: string): Status {
  if (status === "ready" || status === "up") return "ready";
  return status === "degraded" ? "degraded" : "down";
}
