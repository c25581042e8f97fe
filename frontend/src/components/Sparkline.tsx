import css from "./Sparkline.module.css";

interface Props {
  /** Oldest first; null is a gap. */
  values: readonly (number | null)[];
  /** The same information as text: "redis: 0.4 ms, at most 3 ms". */
  label: string;
  width?: number;
  height?: number;
}

const PAD = 2;

/** A small line chart without axes. */
export function Sparkline({ values, label, width = 96, height = 24 }: Props) {
  const known = values.filter((value) => value !== null);
  const most = Math.max(...known, Number.MIN_VALUE);
  const x = (index: number) => PAD + (index / Math.max(1, values.length - 1)) * (width - 2 * PAD);
  const y = (value: number) => height - PAD - (value / most) * (height - 2 * PAD);
  let path = "";
  values.forEach((value, index) => {
    if (value !== null) path += `${values[index - 1] == null ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  return (
    <svg className={css.sparkline} viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={label}>
      <path d={path} />
    </svg>
  );
}
