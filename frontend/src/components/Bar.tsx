import css from "./Bar.module.css";

export interface Part {
  key: string;
  label: string;
  value: number;
  /** Text beside the part: "3.2 ms". */
  text: string;
}

interface Props {
  label: string;
  parts: readonly Part[];
  /** The value of the whole bar; the sum of the parts by default. */
  total?: number;
  /** Omit the legend, because the page shows its content elsewhere. */
  bare?: boolean;
}

/** One bar in parts: time per stage, memory used. */
export function Bar({ label, parts, total, bare = false }: Props) {
  const whole = total ?? parts.reduce((sum, part) => sum + part.value, 0);
  const description = parts.map((part) => `${part.label} ${part.text}`).join(", ");
  return (
    <div className={css.frame}>
      <div className={css.bar} role="img" aria-label={`${label}: ${description}`}>
        {parts.map((part, index) => (
          <span key={part.key} className={css[`part${index % 6}`]} style={{ width: `${whole ? (part.value / whole) * 100 : 0}%`, minWidth: part.value ? "1px" : 0 }} title={`${part.label}: ${part.text}`} />
        ))}
      </div>
      {!bare && (
        <ul className={css.legend} aria-hidden="true">
          {parts.map((part, index) => (
            <li key={part.key}>
              <span className={`${css.swatch} ${css[`part${index % 6}`]}`} />
              {part.label} <strong>{part.text}</strong>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
