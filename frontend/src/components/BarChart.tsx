import css from "./BarChart.module.css";

export interface BarItem {
  key: string;
  label: string;
  value: number;
  /** What stands beside the bar: "512 (50 %)". */
  text: string;
}

interface Props {
  label: string;
  bars: readonly BarItem[];
  /** What a full bar stands for; the greatest value where it is left out. */
  most?: number;
}

/** Bars one below the other, each with its name and value: a list that those who cannot see it can read, too. */
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
