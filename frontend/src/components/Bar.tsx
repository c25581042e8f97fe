import css from "./Bar.module.css";

export interface Part {
  key: string;
  label: string;
  value: number;
  /** What stands beside it: "3.2 ms". */
  text: string;
}

interface Props {
  label: string;
  parts: readonly Part[];
  /** What the whole bar stands for; the sum of the parts where it is left out. */
  total?: number;
  /** Leave the words below out: something else on the page says them. */
  bare?: boolean;
}

/** One bar in parts: time per stage, memory in use. */
export function Bar({ label, parts, total, bare = false }: Props) {
  const whole = total ?? parts.reduce((sum, one) => sum + one.value, 0);
  const words = parts.map((one) => `${one.label} ${one.text}`).join(", ");
  return (
    <div className={css.frame}>
      <div className={css.bar} role="img" aria-label={`${label}: ${words}`}>
        {parts.map((one, index) => (
          <span key={one.key} className={css[`part${index % 6}`]} style={{ width: `${whole ? (one.value / whole) * 100 : 0}%`, minWidth: one.value ? "1px" : 0 }} title={`${one.label}: ${one.text}`} />
        ))}
      </div>
      {!bare && (
        <ul className={css.legend} aria-hidden="true">
          {parts.map((one, index) => (
            <li key={one.key}>
              <span className={`${css.swatch} ${css[`part${index % 6}`]}`} />
              {one.label} <strong>{one.text}</strong>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
