import { useTranslation } from "react-i18next";
import { BarChart } from "@/components/BarChart";
import { Button } from "@/components/Button";
import { Card } from "@/components/Card";
import { ErrorState } from "@/components/ErrorState";
import { Facts } from "@/components/Facts";
import { useFormat } from "@/lib/format";
import { admissionOf, fitsInSingle } from "../admission";
import type { Circuit } from "../api/run";

/** Why the run failed; if memory is missing, the required and available amounts and what would fit. */
export function Failure({ error, onRun }: { error: Error; onRun: (part: Partial<Circuit>) => void }) {
  const { t } = useTranslation("quantum");
  const { bytes, number } = useFormat();
  const admission = admissionOf(error);
  if (!admission) {
    return (
      <Card title={t("result.title")}>
        <ErrorState error={error} onRetry={() => onRun({})} />
      </Card>
    );
  }
  const { needed, free, qubits, most, mostSingle, method, precision, device } = admission;
  return (
    <Card title={t("result.title")}>
      <ErrorState error={error} />
      <BarChart
        label={t("admission.label")}
        bars={[
          { key: "needed", label: t("admission.needed"), value: needed, text: bytes(needed) },
          { key: "free", label: t("admission.free"), value: free, text: bytes(free) },
        ]}
      />
      <Facts
        facts={[
          { label: t("result.qubits"), value: number(qubits) },
          { label: t("admission.most", { precision: t(`options.precisions.${precision === "single" ? "single" : "double"}`) }), value: most && number(most) },
          { label: t("admission.mostSingle"), value: mostSingle && precision !== "single" ? number(mostSingle) : null },
          { label: t("options.method"), value: method || null },
          { label: t("options.device"), value: device || null },
        ]}
      />
      {fitsInSingle(admission) && (
        <div>
          <Button kind="primary" onClick={() => onRun({ precision: "single" })}>
            {t("admission.inSingle")}
          </Button>
        </div>
      )}
    </Card>
  );
}
