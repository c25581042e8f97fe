import { useTranslation } from "react-i18next";
import { useFormat } from "@/lib/format";
import { Bar } from "./Bar";
import { OTHER, folded, type Stage } from "./serverTiming";

/** Time per stage as one bar with its numbers. Small stages are combined at the end. */
export function StageBar({ label, stages, total }: { label: string; stages: readonly Stage[]; total?: number }) {
  const { t } = useTranslation("parts");
  const { ms } = useFormat();
  const parts = folded(stages).map(({ name, ms: value }) => ({ key: name, label: name === OTHER ? t("otherStages") : name, value, text: ms(value) }));
  return <Bar label={label} parts={parts} total={total} />;
}
