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
import { useSearch, type SearchQuery } from "../api/search";
import type { DocumentTarget } from "../target";
import { ResultItem } from "./ResultItem";
import css from "./Results.module.css";

interface Props {
  query: SearchQuery;
  onOpen: (place: DocumentTarget) => void;
  onLimit: (limit: number) => void;
}

/** The search results, best first, with the time per stage. */
export function Results(props: Props) {
  const { t } = useTranslation("search");
  const search = useSearch(props.query);
  return (
    <>
      <Announce text={search.data ? t("results.count", { count: search.data.answer.results.length }) : ""} />
      <FoundResults {...props} search={search} />
    </>
  );
}

function FoundResults({ query, onOpen, onLimit, search }: Props & { search: ReturnType<typeof useSearch> }) {
  const { t } = useTranslation("search");
  const { ms } = useFormat();
  if (!query.q) return <EmptyState title={t("start.title")}>{t("start.description")}</EmptyState>;
  if (search.isError || !search.data) return <Awaited title={t("results.title")} read={search} lines={8} />;
  const { answer, by, headers } = search.data;
  const { stages, total } = parseServerTiming(headers.get("Server-Timing"));
  const next = LIMITS.find((choice) => choice > query.limit);
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
        <EmptyState title={t("results.none")}>{query.filters.length ? t("results.noneFiltered") : t("results.noneAtAll")}</EmptyState>
      )}
      <ol className={classes(css.results, search.isPlaceholderData && css.old)} aria-busy={search.isPlaceholderData}>
        {answer.results.map((result, index) => (
          <ResultItem key={result.id} result={result} rank={index + 1} onOpen={onOpen} />
        ))}
      </ol>
      {next && answer.results.length === query.limit && (
        <div>
          <Button busy={search.isPlaceholderData} onClick={() => onLimit(next)}>
            {t("results.more", { count: next })}
          </Button>
        </div>
      )}
    </Card>
  );
}
