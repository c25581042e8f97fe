import { describe, expect, it } from "vitest";
import { example } from "./examples";

describe("example", () => {
  it("entangles as many qubits as asked", () => {
    expect(example("ghz", 4).match(/cx /g)).toHaveLength(3);
    expect(example("ghz", 4)).toContain("qubit[4] q;");
  });

  it("writes angles in lowest terms and within one turn", () => {
    const source = example("qft", 3); // 2 of 8: phases of 2*2*pi/8, 2*4*pi/8 and a whole turn
    expect(source).toContain("p(pi/2) q[0];\np(pi) q[1];\np(0) q[2];");
    expect(source).toContain("cp(-pi/2) q[0], q[1];");
    expect(source).toContain("cp(-pi/4) q[0], q[2];");
  });

  it("is the same each time, the random one too", () => {
    expect(example("random", 5)).toBe(example("random", 5));
  });
});
