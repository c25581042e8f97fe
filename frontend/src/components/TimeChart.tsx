import { useId, useState, type PointerEvent } from "react";
import css from "./TimeChart.module.css";

export interface Series {
  key: string;
  label: string;
  /** One value for each of `times`; null for no data. */
  values: readonly (number | null)[];
}

interface Props {
  label: string;
  /** Unix seconds, oldest first. */
  times: readonly number[];
  series: readonly Series[];
  /** Format a value: "42 %". */
  text: (value: number) => string;
  /** Format a time. */
  clock: (at: number) => string;
  /** The top of the scale; the largest value by default. */
  most?: number;
  /** Seconds that the chart spans, so that its scale stays fixed while it fills. */
  span: number;
  /** Seconds without data after which the line is broken. */
  gap?: number;
}

const WIDTH = 600;
const HEIGHT = 120;

/** Lines over time. Shows the values at the pointer, otherwise the latest ones. */
export function TimeChart({ label, times, series, text, clock, most, span, gap = 3 }: Props) {
  const id = useId();
  const [at, setAt] = useState<number | null>(null);
  const end = times.at(-1) ?? 0;
  const top = most ?? niceTop(Math.max(0, ...series.flatMap((line) => line.values.map((value) => value ?? 0))));
  const x = (time: number) => WIDTH * (1 - (end - time) / span);
  const y = (value: number) => HEIGHT - (Math.min(value, top) / top) * HEIGHT;
  const index = at === null ? times.length - 1 : nearest(times, end - (1 - at) * span);
  const shown = times[index];

  const point = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setAt((event.clientX - box.left) / box.width);
  };

  return (
    <figure className={css.figure}>
      <figcaption id={id} className={css.caption}>
        <span className={css.label}>{label}</span>
        <span className={css.values}>
          {series.map((line, position) => (
            <span key={line.key} className={css.value}>
              {series.length > 1 && <span className={css.swatch} data-series={position} aria-hidden="true" />}
              {series.length > 1 && `${line.label} `}
              <strong>{textOf(line.values[index], text)}</strong>
            </span>
          ))}
        </span>
      </figcaption>
      <div className={css.plot}>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-labelledby={id} onPointerMove={point} onPointerLeave={() => setAt(null)}>
          {[0.25, 0.5, 0.75].map((share) => (
            <line key={share} className={css.grid} x1={0} x2={WIDTH} y1={HEIGHT * share} y2={HEIGHT * share} />
          ))}
          {series.map((entry, position) => {
            const drawn = parts(times, entry.values, gap).map((part) => part.map(([time, value]) => [fixed(x(time)), fixed(y(value))] as const));
            const line = drawn.map((part) => `M${part.map((point) => point.join(" ")).join("L")}`).join("");
            const area = drawn.map((part) => `M${part[0]?.[0] ?? 0} ${HEIGHT}L${part.map((point) => point.join(" ")).join("L")}L${part.at(-1)?.[0] ?? 0} ${HEIGHT}Z`).join("");
            return (
              <g key={entry.key} data-series={position}>
                {series.length === 1 && <path className={css.area} d={area} />}
                <path className={css.line} d={line} />
              </g>
            );
          })}
          {at !== null && shown !== undefined && <line className={css.cursor} x1={x(shown)} x2={x(shown)} y1={0} y2={HEIGHT} />}
        </svg>
        <span className={css.top}>{text(top)}</span>
        <span className={css.when}>{at !== null && shown !== undefined ? clock(shown) : ""}</span>
      </div>
    </figure>
  );
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function textOf(value: number | null | undefined, text: (value: number) => string): string {
  return value == null ? "–" : text(value);
}

type Point = readonly [time: number, value: number];

/** Return the segments of a line, which is broken where data is missing. */
function parts(times: readonly number[], values: readonly (number | null)[], gap: number): Point[][] {
  const segments: Point[][] = [];
  times.forEach((time, index) => {
    const value = values[index] ?? null;
    if (value === null) return;
    const last = segments.at(-1);
    const isJoined = values[index - 1] != null && time - (times[index - 1] ?? 0) <= gap;
    if (last && isJoined) last.push([time, value]);
    else segments.push([[time, value]]);
  });
  return segments;
}

/** Return the smallest 1, 2 or 5 times a power of ten that is not below the value. */
function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((step) => step * power >= value) ?? 10) * power;
}

function nearest(times: readonly number[], target: number): number {
  let best = times.length - 1;
  times.forEach((time, index) => {
    if (Math.abs(time - target) < Math.abs((times[best] ?? 0) - target)) best = index;
  });
  return best;
}
