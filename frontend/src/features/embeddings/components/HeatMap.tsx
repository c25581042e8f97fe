import { useTranslation } from "react-i18next";
import { classes } from "@/components/classes";
import { useFormat } from "@/lib/format";
import css from "./HeatMap.module.css";

/** Maximum colour strength at which the numbers stay readable. */
const STRONGEST = 46;
const MOST_WITH_NUMBERS = 14;

/** The cosine of every pair of texts, as a table with coloured cells. */
export function HeatMap({ texts, matrix }: { texts: readonly string[]; matrix: readonly (readonly number[])[] }) {
  const { t } = useTranslation("embeddings");
  const { number } = useFormat();
  const isSmall = texts.length > MOST_WITH_NUMBERS;
  const caption = t("similarity.caption");
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.scroll} role="group" aria-label={caption} tabIndex={0}>
      <table className={classes(css.map, isSmall && css.small)}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <td />
            {texts.map((text, column) => (
              <th key={column} scope="col" title={text}>
                {column + 1}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {texts.map((text, row) => (
            <tr key={row}>
              <th scope="row" title={text}>
                <span>
                  <b>{row + 1}</b> {text}
                </span>
              </th>
              {matrix[row]?.slice(0, texts.length).map((value, column) => (
                <td key={column} style={{ background: colour(value) }} title={`${row + 1} · ${column + 1}: ${number(value, 3)}`}>
                  <span>{number(value, 2)}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A higher similarity has a stronger colour; negative values have another one. */
function colour(value: number): string {
  const share = Math.min(1, Math.abs(value)) * STRONGEST;
  return `color-mix(in srgb, var(${value < 0 ? "--chart-3" : "--chart-1"}) ${share.toFixed(1)}%, var(--surface))`;
}
