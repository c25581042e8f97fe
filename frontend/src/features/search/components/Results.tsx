import { useTranslation } from "react-i18next";
import { Announce } from "@/components/Announce";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Awaited } from "@/components/Awaited";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Card } from "@/components/Card";
import { EmptyState } from "@/components/EmptyState";
import { StageBar } from "@/components/StageBar";
import { parseServerTiming } from "@/components/serverTiming";
import { classes } from "@/components/classes";
import { useFormat } from "@/lib/format";
import { LIMITS } from "../address";
import { useSearch, type Asked } from "../api/search";
import type { Place } from "../place";
import { ResultItem } from "./ResultItem";
import css from "./Results.module.css";

interface Props {
  asked: Asked;
  onOpen: (place: Place) => void;
  onLimit: (limit: number) => void;
}

/** What was found, best first, and what it took to find it. */
export function Results(props: Props) {
  const { t } = useTranslation("search");
  const found = useSearch(props.asked);
  return (
    <>
      <Announce words={found.data ? t("results.count", { count: found.data.answer.results.length }) : ""} />
      <Found {...props} found={found} />
    </>
  );
}

function Found({ asked, onOpen, onLimit, found }: Props & { found: ReturnType<typeof useSearch> }) {
  const { t } = useTranslation("search");
  const { ms } = useFormat();
  if (!asked.q) return <EmptyState title={t("start.title")}>{t("start.words")}</EmptyState>;
  if (found.isError || !found.data) return <Awaited title={t("results.title")} read={found} lines={8} />;
  const { answer, by, headers } = found.data;
  const { stages, total } = parseServerTiming(headers.get("Server-Timing"));
  const next = LIMITS.find((one) => one > asked.limit);
  return (
    <Card
      title={t("results.count", { count: answer.results.length })}
      aside={
        <>
          {total !== null && <Badge>{ms(total)}</Badge>}
          <AnsweredBy by={by} />
        </>
      }
    >
      <StageBar label={t("results.stages")} stages={stages} />
      {answer.results.length === 0 && (
        <EmptyState title={t("results.none")}>{asked.filters.length ? t("results.noneFiltered") : t("results.noneAtAll")}</EmptyState>
      )}
      <ol className={classes(css.results, found.isPlaceholderData && css.old)} aria-busy={found.isPlaceholderData}>
        {answer.results.map((one, index) => (
          <ResultItem key={one.id} result={one} rank={index + 1} onOpen={onOpen} />
        ))}
      </ol>
      {next && answer.results.length === asked.limit && (
        <div>
          <Button busy={found.isPlaceholderData} onClick={() => onLimit(next)}>
            {t("results.more", { count: next })}
          </Button>
        </div>
      )}
    </Card>
  );
}
