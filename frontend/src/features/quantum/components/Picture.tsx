import { useDeferredValue, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { draw, type Gate } from "../drawing";
import css from "./Picture.module.css";

const STEP = 44;
const LINE = 34;
const BOX = 26;
const LEFT = 48;

/** The circuit diagram, if the circuit can be drawn. */
export function Picture({ qasm }: { qasm: string }) {
  const { t } = useTranslation("quantum");
  const source = useDeferredValue(qasm);
  const drawing = useMemo(() => draw(source), [source]);
  if (typeof drawing === "string") return <p className={css.none}>{t(`picture.none.${drawing}`)}</p>;
  const { wires, gates, columns } = drawing;
  const [width, height] = [LEFT + columns * STEP + 8, wires.length * LINE];
  const label = t("picture.label", { qubits: wires.length, gates: gates.length, depth: columns });
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.scroll} role="group" aria-label={t("picture.title")} tabIndex={0}>
      <svg className={css.picture} width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
        {wires.map((wire, index) => (
          <g key={wire}>
            <text className={css.wire} x={LEFT - 10} y={y(index)}>
              {wire}
            </text>
            <line className={css.line} x1={LEFT - 4} x2={width} y1={y(index)} y2={y(index)} />
          </g>
        ))}
        {gates.map((gate, index) => (
          <Symbol key={index} gate={gate} />
        ))}
      </svg>
    </div>
  );
}

function y(wire: number): number {
  return wire * LINE + LINE / 2;
}

function Symbol({ gate }: { gate: Gate }) {
  const { name, parameters, controls, targets, column } = gate;
  const x = LEFT + column * STEP + STEP / 2;
  const all = [...controls, ...targets];
  return (
    <g>
      <title>{parameters ? `${name}(${parameters})` : name}</title>
      {all.length > 1 && <line className={css.link} x1={x} x2={x} y1={y(Math.min(...all))} y2={y(Math.max(...all))} />}
      {controls.map((wire) => (
        <circle key={wire} className={css.dot} cx={x} cy={y(wire)} r={4} />
      ))}
      {targets.map((wire) => (
        <Target key={wire} name={name} x={x} y={y(wire)} />
      ))}
    </g>
  );
}

/** The symbol on a gate's target: a plus, a cross, a dot, a meter, or its name in a box. */
function Target({ name, x, y: at }: { name: string; x: number; y: number }) {
  if (["cx", "CX", "cnot", "ccx"].includes(name)) {
    return (
      <g className={css.plus}>
        <circle cx={x} cy={at} r={9} />
        <path d={`M${x - 9} ${at}h18M${x} ${at - 9}v18`} />
      </g>
    );
  }
  if (name.endsWith("swap")) return <path className={css.cross} d={`M${x - 6} ${at - 6}l12 12M${x + 6} ${at - 6}l-12 12`} />;
  if (name === "cz" || name === "ccz") return <circle className={css.dot} cx={x} cy={at} r={4} />;
  const isMeter = name === "measure";
  return (
    <g className={isMeter ? css.meter : css.gate}>
      <rect x={x - BOX / 2 - 3} y={at - BOX / 2} width={BOX + 6} height={BOX} rx={4} />
      {isMeter ? (
        <path d={`M${x - 8} ${at + 5}a8 8 0 0 1 16 0M${x} ${at + 5}l6 -11`} />
      ) : (
        <text x={x} y={at}>
          {labelOf(name)}
        </text>
      )}
    </g>
  );
}

/** The control is drawn, so the name of a controlled gate need not repeat it. */
function labelOf(name: string): string {
  const bare = /^c(?=h|y|p|r|u|s)/.test(name) ? name.slice(1) : name;
  return bare.length > 4 ? `${bare.slice(0, 3)}…` : bare.toUpperCase();
}
