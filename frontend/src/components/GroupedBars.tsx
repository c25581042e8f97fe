import css from "./GroupedBars.module.css";

export interface Group {
  key: string;
  label: string;
  /** One value per series, in the order of the series; null if not measured. */
  values: readonly ({ value: number; text: string } | null)[];
}

interface Props {
  label: string;
  series: readonly string[];
  groups: readonly Group[];
  /** Shown instead of a null value. */
  missing: string;
}

/** Several measurements of the same things side by side, such as Docker and native, by stage. */
export function GroupedBars({ label, series, groups, missing }: Props) {
  const most = Math.max(...groups.flatMap((group) => group.values.map((value) => value?.value ?? 0)), Number.MIN_VALUE);
  return (
    <figure className={css.figure} aria-label={label}>
      <ul className={css.legend} aria-hidden="true">
        {series.map((name, index) => (
          <li key={name}>
            <span className={css.swatch} data-series={index % 6} />
            {name}
          </li>
        ))}
      </ul>
      <dl className={css.groups}>
        {groups.map((group) => (
          <div key={group.key}>
            <dt>{group.label}</dt>
            {series.map((name, index) => {
              const bar = group.values[index] ?? null;
              return (
                <dd key={name}>
                  <span className="visually-hidden">{name}: </span>
                  <span className={css.track} aria-hidden="true">
                    <span data-series={index % 6} style={{ width: `${((bar?.value ?? 0) / most) * 100}%` }} />
                  </span>
                  <span className={css.text}>{bar?.text ?? missing}</span>
                </dd>
              );
            })}
          </div>
        ))}
      </dl>
    </figure>
  );
}
