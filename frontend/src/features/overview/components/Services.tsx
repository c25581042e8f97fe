import { useTranslation } from "react-i18next";
import { Badge } from "@/components/Badge";
import { Card } from "@/components/Card";
import { Loading } from "@/components/Loading";
import { useFormat } from "@/lib/format";
import type { Live } from "@/lib/live";
import { STATUS_TONE, statusOf } from "../status";
import { StatusRow } from "./StatusRow";

const NAMES: Record<string, string> = { postgres: "PostgreSQL", redis: "Redis", qdrant: "Qdrant" };
/** Ticks shown in a sparkline: one minute. */
const SHOWN = 60;

/** Every service with its state, its latency over the last minute, and its own details. */
export function Services({ live }: { live: Live }) {
  const { t } = useTranslation("overview");
  const { clock } = useFormat();
  const tick = live.ticks.at(-1);
  const recent = live.ticks.slice(-SHOWN);
  const latencyOf = (sample: typeof tick, name: string) => {
    const answer = sample?.services[name];
    return answer && answer.state !== "down" ? answer.latency_ms : null;
  };
  return (
    <Card title={t("services.title")} aside={tick && live.link.status !== "live" && <Badge tone="warn">{t("services.old", { at: clock(tick.at) })}</Badge>}>
      {!tick && <Loading lines={4} />}
      <ul>
        {Object.entries(tick?.services ?? {}).map(([name, { state, detail }]) => (
          <StatusRow
            key={name}
            name={NAMES[name] ?? (name === "engine" ? t("services.engine") : name)}
            tone={STATUS_TONE[statusOf(state)]}
            state={t(`state.${statusOf(state)}`)}
            history={recent.map((sample) => latencyOf(sample, name))}
            latency={latencyOf(tick, name)}
            restarts={live.outages.counts[name] ?? 0}
            details={detail ? [detail] : []}
          />
        ))}
      </ul>
    </Card>
  );
}
