import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Badge, type Tone } from "@/components/Badge";
import { Sparkline } from "@/components/Sparkline";
import { useFormat } from "@/lib/format";
import css from "./StatusRow.module.css";

interface Props {
  name: string;
  tone: Tone;
  state: string;
  aside?: ReactNode;
  /** Latencies in milliseconds, oldest first; null for no answer. */
  history: readonly (number | null)[];
  /** Latency of the last answer in milliseconds. */
  latency: number | null;
  restarts: number;
  /** Further details, one per line. */
  details: readonly string[];
}

/** One service or backend: name, state, recent latency and details. */
export function StatusRow({ name, tone, state, aside, history, latency, restarts, details }: Props) {
  const { t } = useTranslation("overview");
  const { ms } = useFormat();
  const last = latency === null ? "–" : ms(latency);
  return (
    <li className={css.row}>
      <div className={css.name}>
        <h3>{name}</h3>
        <Badge tone={tone} dot>
          {state}
        </Badge>
        {aside}
      </div>
      <div className={css.latency}>
        <Sparkline values={history} label={t("services.sparkline", { name, ms: last })} />
        <span className={css.ms}>{last}</span>
      </div>
      <p className={css.details}>
        <span title={t("services.restartsTitle")} className={restarts ? css.restarted : undefined}>
          {t("services.restarts", { count: restarts })}
        </span>
        {details.map((detail) => (
          <span key={detail}>{detail}</span>
        ))}
      </p>
    </li>
  );
}
