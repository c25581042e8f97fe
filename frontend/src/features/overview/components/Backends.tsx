import { useTranslation } from "react-i18next";
import { Badge, type Tone } from "@/components/Badge";
import { Card } from "@/components/Card";
import type { BreakerState } from "@/lib/breaker";
import { useFormat } from "@/lib/format";
import type { Live } from "@/lib/live";
import { useCluster } from "@/lib/useCluster";
import { useChecks } from "../api/useChecks";
import { StatusRow } from "./StatusRow";

const TONE: Record<BreakerState, Tone> = { closed: "good", "half-open": "warn", open: "bad" };

/** The backends as seen from this page: circuit breaker, latency, requests served. */
export function Backends({ live }: { live: Live }) {
  const { t } = useTranslation(["overview", "common"]);
  const { number } = useFormat();
  const { backends } = useCluster();
  const checks = useChecks();
  return (
    <Card title={t("backends.title")}>
      <ul>
        {backends.map(({ url, label, breaker, ms, served, failed, error }) => (
          <StatusRow
            key={url}
            name={label}
            tone={TONE[breaker]}
            state={t(`common:breaker.${breaker}`)}
            aside={live.link.status === "live" && live.link.url === url && <Badge tone="accent">{t("backends.live")}</Badge>}
            history={checks[url]?.latency ?? []}
            latency={breaker === "closed" ? ms : null}
            restarts={checks[url]?.restarts ?? 0}
            details={[t("backends.served", { count: served, number: number(served, 0) }), t("backends.failed", { count: failed, number: number(failed, 0) }), error].filter(Boolean)}
          />
        ))}
      </ul>
    </Card>
  );
}
