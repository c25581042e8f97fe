import css from "./BarChart.module.css";

export interface BarItem {
  key: string;
  label: string;
  value: number;
  /** Text beside the bar: "512 (50 %)". */
  text: string;
}

interface Props {
  label: string;
  bars: readonly BarItem[];
  /** The value of a full bar; the largest value by default. */
  most?: number;
}

/** A bar chart as a list of names and values, so that screen readers can read it. */
export function BarChart({ label, bars, most }: Props) {
  const scale = most ?? Math.max(...bars.map((bar) => bar.value), Number.MIN_VALUE);
  return (
    <ul className={css.chart} aria-label={label}>
      {bars.map(({ key, label: name, value, text }) => (
        <li key={key}>
          <span className={css.name} title={name}>
            {name}
          </span>
          <span className={css.track} aria-hidden="true">
            <span className={css.bar} style={{ width: `${(value / scale) * 100}%` }} />
          </span>
          <span className={css.text}>{text}</span>
        </li>
      ))}
    </ul>
  );
}
