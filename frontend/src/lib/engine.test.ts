import { expect, test } from "vitest";
import { deviceTrouble, engineOf, gpuOf } from "./engine";
import type { Tick } from "./telemetry";

const tick = (engine: object, gpu: object | null = null) => ({ engine, gpu }) as unknown as Tick;
const WELL = { state: "ready", device: "cuda", expected: "cuda", reason: "driver 535", proof: { ok: true, detail: "" } };

test("an engine where it should be is no trouble", () => {
  expect(deviceTrouble(tick(WELL))).toBeNull();
  expect(deviceTrouble(tick({ ...WELL, device: "cpu", expected: "cpu" }))).toBeNull();
});

test("on the CPU though a GPU is expected is, with the reason", () => {
  expect(deviceTrouble(tick({ ...WELL, device: "cpu", reason: "no memory left on the card" }))).toEqual({ kind: "cpu", reason: "no memory left on the card" });
});

test("so is a proof that failed", () => {
  expect(deviceTrouble(tick({ ...WELL, proof: { ok: false, detail: "cosine 0.3" } }))).toEqual({ kind: "proof", reason: "cosine 0.3" });
});

test("while the engine has said nothing, nothing is claimed", () => {
  expect(engineOf(tick({}))).toBeNull();
  expect(deviceTrouble(tick({}))).toBeNull();
});

test("a card that does not tell everything is shown with what it tells", () => {
  expect(gpuOf(tick({}, { name: "GTX 1650", memory: 1024, memory_total: 4096 }))).toEqual({
    name: "GTX 1650",
    utilisation: null,
    memory: 1024,
    memoryTotal: 4096,
    temperature: null,
  });
  expect(gpuOf(tick({}))).toBeNull();
});
