import css from "./Progress.module.css";

interface Props {
  label: string;
  /** From 0 to 1; omitted while unknown. */
  share?: number;
}

export function Progress({ label, share }: Props) {
  const percent = share === undefined ? undefined : Math.round(share * 100);
  return (
    <div className={css.progress}>
      <div className={css.text}>
        <span>{label}</span>
        {percent !== undefined && <span>{percent} %</span>}
      </div>
      <div className={css.track} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
        <div className={percent === undefined ? css.moving : css.bar} style={percent === undefined ? undefined : { width: `${percent}%` }} />
      </div>
    </div>
  );
}
