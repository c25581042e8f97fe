/** Example circuits in OpenQASM 3. */

export const EXAMPLES = ["bell", "ghz", "qft", "random"] as const;
export type Example = (typeof EXAMPLES)[number];

export const FEWEST_QUBITS = 2;
export const MOST_QUBITS = 30;

const SEED = 7;
const LAYERS = 4;

/** Return the source of an example. A Bell pair always has two qubits. */
export function example(name: Example, qubits: number): string {
  switch (name) {
    case "bell":
      return program(2, ["h q[0];", "cx q[0], q[1];"], "A Bell pair: both qubits always agree.");
    case "ghz":
      return program(qubits, ["h q[0];", ...range(qubits - 1).map((at) => `cx q[${at}], q[${at + 1}];`)], "A GHZ state: all 0 or all 1, nothing between.");
    case "qft":
      return program(qubits, qft(qubits), `The inverse Fourier transform finds the frequency ${frequency(qubits)}.`);
    case "random":
      return program(qubits, random(qubits, SEED), "Random rotations with entanglement between: many outcomes.");
  }
}

function program(qubits: number, gates: readonly string[], about: string): string {
  return [`// ${about}`, "OPENQASM 3.0;", 'include "stdgates.inc";', `qubit[${qubits}] q;`, `bit[${qubits}] c;`, ...gates, "c = measure q;", ""].join("\n");
}

/** The frequency of the example: a number with bits of both kinds. */
function frequency(qubits: number): number {
  return Math.floor(2 ** qubits / 3);
}

function qft(qubits: number): string[] {
  const phases = range(qubits).map((at) => `p(${angle(2 * frequency(qubits) * 2 ** at, 2 ** qubits)}) q[${at}];`);
  const swaps = range(Math.floor(qubits / 2)).map((at) => `swap q[${at}], q[${qubits - 1 - at}];`);
  const ladder = range(qubits).flatMap((target) => [
    ...range(target).map((control) => `cp(${angle(-1, 2 ** (target - control))}) q[${control}], q[${target}];`),
    `h q[${target}];`,
  ]);
  return ["h q;", ...phases, ...swaps, ...ladder];
}

/** Return numerator/denominator of pi, reduced, within one turn. */
function angle(numerator: number, denominator: number): string {
  let [above, below] = [numerator % (2 * denominator), denominator];
  if (!above) return "0";
  while (above % 2 === 0 && below > 1) [above, below] = [above / 2, below / 2];
  const head = above === 1 ? "pi" : above === -1 ? "-pi" : `${above}*pi`;
  return below === 1 ? head : `${head}/${below}`;
}

function random(qubits: number, seed: number): string[] {
  const next = numbers(seed);
  return range(LAYERS).flatMap((layer) => [
    ...range(qubits).map((at) => `${["rx", "ry", "rz"][Math.floor(next() * 3)] ?? "rx"}(${(next() * 2 * Math.PI).toFixed(3)}) q[${at}];`),
    ...range(qubits - 1)
      .filter((at) => at % 2 === layer % 2)
      .map((at) => `cx q[${at}], q[${at + 1}];`),
  ]);
}

/** Pseudorandom numbers from 0 to 1, reproducible by seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function range(count: number): number[] {
  return Array.from({ length: Math.max(0, count) }, (_, index) => index);
}
