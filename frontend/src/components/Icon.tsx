import css from "./Icon.module.css";

const PATHS = {
  pulse: "M3 12h4l3-8 4 16 3-8h4",
  search: "M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13ZM15.5 15.5 20 20",
  vectors: "M4 20 20 4M20 4h-6M20 4v6M4 20h16M4 20V10",
  circuit: "M3 7h6m4 0h8M3 17h14m4 0h-1M9 4h4v6H9zM17 17a1.5 1.5 0 1 0 3 0 1.5 1.5 0 0 0-3 0ZM18.5 15.5V7",
  gauge: "M4 18a9 9 0 1 1 16 0M12 14l4-5M12 14h.01",
  history: "M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4.5l3 2",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M19 5l-1.4 1.4M6.4 17.6 5 19",
  globe: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18ZM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  out: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
} as const;

export type IconName = keyof typeof PATHS;

/** A decorative icon beside a text with the same meaning. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className={css.icon} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
