import { useTranslation } from "react-i18next";
import type { Answered } from "@/lib/cluster";
import { Badge } from "./Badge";

/** The backend that answered: "answered by :8080". */
export function AnsweredBy({ by }: { by: Answered | null }) {
  const { t } = useTranslation();
  if (!by) return null;
  const title = t("answered.title", { worker: by.worker || by.backend, ms: Math.round(by.ms), count: by.attempts });
  return <Badge title={title}>{t("answered.by", { backend: by.backend })}</Badge>;
}
