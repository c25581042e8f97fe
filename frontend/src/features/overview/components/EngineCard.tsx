import { useTranslation } from "react-i18next";
import { Badge } from "@/components/Badge";
import { Bar } from "@/components/Bar";
import { Card } from "@/components/Card";
import { EmptyState } from "@/components/EmptyState";
import { engineOf } from "@/lib/engine";
import { useFormat } from "@/lib/format";
import type { Live } from "@/lib/live";
import { STATUS_TONE, statusOf } from "../status";
import css from "./EngineCard.module.css";

/** The engine: model, device, self-test and queue. */
export function EngineCard({ live }: { live: Live }) {
  const { t } = useTranslation("overview");
  const { number, lasted } = useFormat();
  const tick = live.ticks.at(-1);
  if (!tick) return null;
  const engine = engineOf(tick);
  if (!engine) {
    return (
      <Card title={t("engine.title")}>
        <EmptyState title={t("engine.silent")}>
          <code>omnimind logs engine</code>
        </EmptyState>
      </Card>
    );
  }
  const waiting = number(engine.queueTokens ?? 0, 0);
  const facts: [string, string][] = [
    [t("engine.model"), engine.dimensions ? `${engine.model} (${engine.dimensions} d)` : engine.model],
    [t("engine.device"), `${engine.device} · ${engine.precision} · ${engine.mode}`],
    [t("engine.reason"), engine.reason || "–"],
    [t("engine.proof"), engine.proofOk === null ? "–" : `${t(engine.proofOk ? "engine.proofOk" : "engine.proofBad", { age: lasted(engine.proofAge ?? 0) })} ${engine.proofDetail}`],
  ];
  const state = statusOf(engine.state);
  return (
    <Card
      title={t("engine.title")}
      aside={
        <Badge tone={STATUS_TONE[state]} dot>
          {t(`state.${state}`)}
        </Badge>
      }
    >
      <dl className={css.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {engine.queueLimit !== null && (
        <Bar
          label={t("engine.queue")}
          parts={[{ key: "tokens", label: t("engine.queue"), value: engine.queueTokens ?? 0, text: t("engine.queueText", { waiting, limit: number(engine.queueLimit, 0) }) }]}
          total={engine.queueLimit}
        />
      )}
    </Card>
  );
}
