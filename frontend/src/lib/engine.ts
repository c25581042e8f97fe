/** The engine's report as the page shows it. Its schema is open, so each member is checked. */

import type { Tick } from "./telemetry";

export interface Engine {
  state: string;
  device: string;
  expected: string;
  reason: string;
  model: string;
  dimensions: number | null;
  precision: string;
  mode: string;
  proofOk: boolean | null;
  proofAge: number | null;
  proofDetail: string;
  queueTexts: number | null;
  queueTokens: number | null;
  queueLimit: number | null;
}

export interface Gpu {
  name: string;
  /** percent */
  utilisation: number | null;
  /** bytes */
  memory: number | null;
  memoryTotal: number | null;
  /** Celsius */
  temperature: number | null;
}

type Unknown = Record<string, unknown>;

const textOf = (from: Unknown, key: string) => (typeof from[key] === "string" ? from[key] : "");
const number = (from: Unknown, key: string) => (typeof from[key] === "number" ? from[key] : null);
const part = (from: Unknown, key: string) => (typeof from[key] === "object" && from[key] !== null ? (from[key] as Unknown) : {});

/** Return the report; null if the engine has not reported yet. */
export function engineOf(tick: Tick): Engine | null {
  const report: Unknown = tick.engine;
  if (!textOf(report, "device")) return null;
  const proof = part(report, "proof");
  const queue = part(report, "queue");
  return {
    state: textOf(report, "state"),
    device: textOf(report, "device"),
    expected: textOf(report, "expected"),
    reason: textOf(report, "reason"),
    model: textOf(report, "model"),
    dimensions: number(report, "dimensions"),
    precision: textOf(report, "precision"),
    mode: textOf(report, "mode"),
    proofOk: typeof proof.ok === "boolean" ? proof.ok : null,
    proofAge: number(proof, "age_s"),
    proofDetail: textOf(proof, "detail"),
    queueTexts: number(queue, "texts"),
    queueTokens: number(queue, "tokens"),
    queueLimit: number(queue, "limit_tokens"),
  };
}

/** Return the GPU; null if none is detected. */
export function gpuOf(tick: Tick): Gpu | null {
  const report: Unknown | null = tick.gpu;
  if (!report) return null;
  return {
    name: textOf(report, "name"),
    utilisation: number(report, "utilisation"),
    memory: number(report, "memory"),
    memoryTotal: number(report, "memory_total"),
    temperature: number(report, "temperature"),
  };
}

/** Return the device problem: a GPU is expected but the CPU is used, or the self-test failed; null for none. */
export function deviceTrouble(tick: Tick): { kind: "cpu" | "proof"; reason: string } | null {
  const engine = engineOf(tick);
  if (!engine) return null;
  if (engine.expected === "cuda" && engine.device !== "cuda") return { kind: "cpu", reason: engine.reason };
  if (engine.proofOk === false) return { kind: "proof", reason: engine.proofDetail };
  return null;
}
