import { useTranslation } from "react-i18next";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Badge } from "@/components/Badge";
import { Card } from "@/components/Card";
import { Facts } from "@/components/Facts";
import { StageBar } from "@/components/StageBar";
import { parseServerTiming } from "@/components/serverTiming";
import { useFormat } from "@/lib/format";
import type { EmbedResult } from "../api/embed";
import { parseCache } from "../parsing";
import css from "./Answer.module.css";

/** The result of a request: time per stage, device, model and cache use. */
export function Answer({ embedded }: { embedded: EmbedResult }) {
  const { t } = useTranslation("embeddings");
  const { ms, number, percent } = useFormat();
  const { about, by, headers } = embedded;
  const { stages, total } = parseServerTiming(headers.get("Server-Timing"));
  const cache = parseCache(headers.get("X-Cache"));
  const unique = cache ? cache.hits + cache.misses : 0;
  return (
    <Card title={t("answer.title")} aside={<AnsweredBy by={by} />}>
      <Facts
        facts={[
          { label: t("answer.server"), value: total === null ? null : ms(total) },
          { label: t("answer.whole"), value: by && ms(by.ms) },
          { label: t("answer.rate"), value: total ? t("answer.perSecond", { number: number((about.count / total) * 1000, 0) }) : null },
          { label: t("answer.device"), value: <Badge tone={about.device.startsWith("cpu") ? "neutral" : "good"}>{about.device}</Badge> },
          { label: t("answer.model"), value: <span title={about.model_digest}>{about.model}</span> },
          { label: t("answer.dimensions"), value: number(about.dimensions) },
          { label: t("answer.tokens"), value: number(about.tokens) },
          {
            label: t("answer.cache"),
            value: cache && (
              <span className={css.cache}>
                {t("answer.hits", { hits: number(cache.hits), all: number(unique) })}
                {unique > 0 && <Badge>{percent((cache.hits / unique) * 100)}</Badge>}
                {cache.duplicates > 0 && <Badge>{t("answer.duplicates", { count: cache.duplicates })}</Badge>}
                {cache.state !== "up" && <Badge tone="warn">{cache.state}</Badge>}
              </span>
            ),
          },
          {
            label: t("answer.truncated"),
            value: about.truncated ? <Badge tone="warn">{t("answer.cut", { count: about.truncated, most: about.max_tokens })}</Badge> : null,
          },
        ]}
      />
      {stages.length > 0 && <StageBar label={t("answer.stages")} stages={stages} />}
      {stages.length > 6 && (
        <details className={css.all}>
          <summary>{t("answer.all")}</summary>
          <ul>
            {stages.map((stage) => (
              <li key={stage.name}>
                <code>{stage.name}</code> <span>{ms(stage.ms)}</span> <span>{total ? percent((stage.ms / total) * 100, 1) : ""}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}
