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
