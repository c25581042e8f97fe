import { describe, expect, it } from "vitest";
import { draw, type Drawing } from "./drawing";
import { EXAMPLES, example } from "./examples";

function drawn(qasm: string): Drawing {
  const drawing = draw(qasm);
  if (typeof drawing === "string") throw new Error(`no drawing: ${drawing}`);
  return drawing;
}

function gatesOf(qasm: string): string[] {
  return drawn(qasm).gates.map(({ name, controls, targets, column }) => `${column} ${name} ${controls.join("+")}>${targets.join("+")}`);
}

describe("draw", () => {
  it("places gates as early as their qubits are free", () => {
    expect(gatesOf("OPENQASM 3.0; qubit[3] q; h q[0]; x q[2]; cx q[0], q[1]; h q[2];")).toEqual(["0 h >0", "0 x >2", "1 cx 0>1", "1 h >2"]);
  });

  it("lets no line cross a gate between its ends", () => {
    expect(gatesOf("qubit[3] q; x q[1]; cx q[0], q[2]; y q[1];")).toEqual(["0 x >1", "1 cx 0>2", "2 y >1"]);
  });

  it("reads OpenQASM 2, two registers and both ways of measuring", () => {
    const source =
      'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg a[1]; qreg b[2]; creg c[3];\nccx a[0],b[0],b[1]; // toffoli\nmeasure a[0] -> c[0];\nmeasure b -> c;';
    expect(drawn(source).wires).toEqual(["a[0]", "b[0]", "b[1]"]);
    expect(gatesOf(source)).toEqual(["0 ccx 0+1>2", "1 measure >0", "1 measure >1", "1 measure >2"]);
    expect(gatesOf("qubit[2] q; bit[2] c; c = measure q; c[0] = measure q[0];")).toEqual(["0 measure >0", "0 measure >1", "1 measure >0"]);
  });

  it("repeats a gate for a whole register, one operand fixed or both in step", () => {
    expect(gatesOf("qubit[2] q; qubit[2] r; h q; cx q, r;")).toEqual(["0 h >0", "0 h >1", "1 cx 0>2", "2 cx 1>3"]);
    expect(gatesOf("qubit a; qubit[2] r; cx a[0], r;")).toEqual(["0 cx 0>1", "1 cx 0>2"]);
  });

  it("keeps parameters as they are written", () => {
    expect(drawn("qubit[1] q; u3(pi/2, cos(1), 0) q[0];").gates[0]?.parameters).toBe("pi/2, cos(1), 0");
  });

  it("draws nothing that it does not understand to the end", () => {
    expect(draw("qubit[2] q; if (c[0] == 1) { x q[0]; }")).toBe("unsupported");
    expect(draw("qubit[2] q; ctrl @ x q[0], q[1];")).toBe("unsupported");
    expect(draw("qubit[2] q; x q[5];")).toBe("unsupported");
    expect(draw("qubit[2] q; x p[0];")).toBe("unsupported");
    expect(draw("qubit[40] q; h q;")).toBe("size");
    expect(draw(`qubit[1] q; ${"x q[0];".repeat(121)}`)).toBe("size");
    expect(draw("")).toBe("empty");
  });

  it("draws every example", () => {
    for (const name of EXAMPLES) expect(drawn(example(name, 5)).wires.length).toBe(name === "bell" ? 2 : 5);
  });
});
