import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Badge } from "@/components/Badge";
import { BarChart } from "@/components/BarChart";
import { Button } from "@/components/Button";
import { Card } from "@/components/Card";
import { Facts } from "@/components/Facts";
import { StageBar } from "@/components/StageBar";
import { Tabs } from "@/components/Tabs";
import type { Schemas } from "@/lib/api/client";
import { useFormat } from "@/lib/format";
import type { Ran } from "../api/run";
import { histogram, type Order } from "../outcomes";
import css from "./Outcomes.module.css";

const MOST = 32;
const ORDERS = ["count", "value"] as const;

/** The counts, the device and why it was chosen, and the time per stage. */
export function Outcomes({ ran: { counts: result, by }, onSeed }: { ran: Ran; onSeed: (seed: number) => void }) {
  const { t } = useTranslation("quantum");
  const { bytes, ms, number, percent } = useFormat();
  const [order, setOrder] = useState<Order>("count");
  const { shown, rest } = histogram(result.counts, result.shots, order, MOST);
  const stages = stagesOf(result.seconds);
  return (
    <Card
      title={t("result.title")}
      aside={
        <>
          <Badge tone={result.device === "gpu" ? "good" : "neutral"}>{result.device}</Badge>
          <Badge>{ms(result.seconds.total * 1000)}</Badge>
          <AnsweredBy by={by} />
        </>
      }
    >
      <p>
        {t("result.device")} <strong>{result.device}</strong>: {result.routed}.
      </p>
      <Facts
        facts={[
          { label: t("result.qubits"), value: number(result.qubits) },
          { label: t("result.gates"), value: number(result.gates) },
          { label: t("options.method"), value: result.method },
          { label: t("options.shots"), value: number(result.shots) },
          { label: t("options.precision"), value: result.precision },
          { label: t("result.memory"), value: bytes(result.memory_bytes) },
          {
            label: t("options.seed"),
            value: (
              <span className={css.seed}>
                {result.seed}
                <Button kind="quiet" onClick={() => onSeed(result.seed)}>
                  {t("result.keepSeed")}
                </Button>
              </span>
            ),
          },
        ]}
      />
      <StageBar label={t("result.time")} stages={stages} />
      <Tabs label={t("result.order")} tabs={ORDERS.map((key) => ({ key, label: t(`result.orders.${key}`) }))} open={order} onOpen={setOrder}>
        <BarChart
          label={t("result.histogram")}
          bars={shown.map(({ bits, count, share }) => ({ key: bits, label: bits, value: count, text: `${number(count)} · ${percent(share * 100, 1)}` }))}
        />
        {rest.outcomes > 0 && (
          <p className={css.rest}>{t("result.rest", { count: rest.outcomes, outcomes: number(rest.outcomes), shots: number(rest.count) })}</p>
        )}
        {result.counts_left_out && (
          <p className={css.rest}>
            {t("result.leftOut", {
              count: result.counts_left_out.outcomes,
              outcomes: number(result.counts_left_out.outcomes),
              shots: number(result.counts_left_out.shots),
            })}
          </p>
        )}
      </Tabs>
    </Card>
  );
}

/** Return the seconds of the run as stages in milliseconds; the rest of the total is the engine's own work. */
function stagesOf({ total, ...parts }: Schemas["Seconds"]) {
  const stages = Object.entries(parts).flatMap(([name, value]) => (typeof value === "number" ? [{ name, ms: value * 1000 }] : []));
  const rest = total * 1000 - stages.reduce((sum, stage) => sum + stage.ms, 0);
  return rest > 0 ? [...stages, { name: "engine", ms: rest }] : stages;
}
