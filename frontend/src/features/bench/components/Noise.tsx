import { useTranslation } from "react-i18next";
import { Badge } from "@/components/Badge";
import { useFormat } from "@/lib/format";
import type { BenchDocument } from "../document";

/** Whether the measurement is stable enough to trust. */
export function Noise({ noise: { verdict, cv } }: Pick<BenchDocument, "noise">) {
  const { t } = useTranslation("bench");
  const { percent } = useFormat();
  if (!verdict) return null;
  const isStable = verdict === "stable";
  const text = isStable ? t("noise.stable") : verdict === "unstable" ? t("noise.unstable") : verdict;
  return (
    <Badge tone={isStable ? "good" : "warn"} title={t("noise.description")}>
      {cv === null ? text : `${text} · ±${percent(cv * 100, 1)}`}
    </Badge>
  );
}
