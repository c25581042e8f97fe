/** Places the gates of an OpenQASM circuit in a diagram. Circuits with other constructs are not drawn. */

export interface Gate {
  name: string;
  /** As written: "pi/4", "" for none. */
  parameters: string;
  controls: readonly number[];
  targets: readonly number[];
  column: number;
}

export interface Drawing {
  /** "q[0]" */
  wires: readonly string[];
  gates: readonly Gate[];
  columns: number;
}

/** Why there is no diagram: unsupported constructs, too large, or no gates. */
export type NoDrawing = "unsupported" | "size" | "empty";

const MOST_WIRES = 16;
const MOST_COLUMNS = 120;
const CONTROLS: Record<string, number> = {
  cx: 1,
  CX: 1,
  cnot: 1,
  cy: 1,
  cz: 1,
  ch: 1,
  cp: 1,
  cphase: 1,
  cu1: 1,
  cu3: 1,
  cu: 1,
  crx: 1,
  cry: 1,
  crz: 1,
  csx: 1,
  cswap: 1,
  ccx: 2,
  ccz: 2,
};
const SILENT = /^(OPENQASM|include|bit|creg|barrier|input|output)\b/;
const REGISTER = /^(?:qubit\s*(?:\[\s*(\d+)\s*\])?\s*(\w+)|qreg\s+(\w+)\s*\[\s*(\d+)\s*\])$/;
const MEASURE = /^(?:[\w[\]\s:]+=\s*)?measure\s+(.+?)(?:\s*->\s*[\w[\]]+)?$/;
const GATE = /^([A-Za-z_]\w*)\s*(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?\s*\b(.+)$/;
const OPERAND = /^(\w+)(?:\s*\[\s*(\d+)\s*\])?$/;

export function draw(qasm: string): Drawing | NoDrawing {
  const source = qasm.replace(/\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g, " ");
  if (/[{}@]/.test(source)) return "unsupported";
  const registers = new Map<string, { first: number; size: number }>();
  const wires: string[] = [];
  const placed: Gate[] = [];
  const free: number[] = [];
  for (const statement of source.split(";").map((part) => part.trim().replace(/\s+/g, " "))) {
    if (!statement || SILENT.test(statement)) continue;
    const register = REGISTER.exec(statement);
    if (register) {
      const [name, size] = [register[2] ?? register[3] ?? "", Number(register[1] ?? register[4] ?? 1)];
      if (wires.length + size > MOST_WIRES) return "size";
      registers.set(name, { first: wires.length, size });
      for (let at = 0; at < size; at++) wires.push(`${name}[${at}]`);
      continue;
    }
    const applied = applications(statement, registers);
    if (!applied) return "unsupported";
    for (const { name, parameters, qubits } of applied) {
      const [top, bottom] = [Math.min(...qubits), Math.max(...qubits)];
      // A line from one qubit to another must not cross a gate between them.
      const column = Math.max(...between(top, bottom).map((wire) => free[wire] ?? 0));
      if (column >= MOST_COLUMNS) return "size";
      for (const wire of between(top, bottom)) free[wire] = column + 1;
      const controls = CONTROLS[name] ?? 0;
      placed.push({ name, parameters, controls: qubits.slice(0, controls), targets: qubits.slice(controls), column });
    }
  }
  if (!placed.length) return "empty";
  return { wires, gates: placed, columns: Math.max(...placed.map((gate) => gate.column)) + 1 };
}

interface Application {
  name: string;
  parameters: string;
  qubits: number[];
}

/** Return the gates of one statement: one per qubit if it names a whole register. */
function applications(statement: string, registers: ReadonlyMap<string, { first: number; size: number }>): Application[] | null {
  const measured = MEASURE.exec(statement);
  const match = measured ? ["", "measure", "", measured[1]] : GATE.exec(statement);
  const [, name = "", parameters = "", operands = ""] = match ?? [];
  if (!name) return null;
  const wires: { all: number[]; isWhole: boolean }[] = [];
  for (const operand of operands.split(",")) {
    const operandMatch = OPERAND.exec(operand.trim());
    const register = registers.get(operandMatch?.[1] ?? "");
    if (!operandMatch || !register) return null;
    const at = operandMatch[2] === undefined ? null : Number(operandMatch[2]);
    if (at !== null && at >= register.size) return null;
    wires.push({ all: at === null ? between(register.first, register.first + register.size - 1) : [register.first + at], isWhole: at === null });
  }
  const times = Math.max(...wires.map((wire) => wire.all.length));
  if (wires.some((wire) => wire.isWhole && wire.all.length !== times)) return null;
  return between(0, times - 1).map((turn) => ({ name, parameters: parameters.trim(), qubits: wires.map((wire) => wire.all[wire.isWhole ? turn : 0] ?? 0) }));
}

function between(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
