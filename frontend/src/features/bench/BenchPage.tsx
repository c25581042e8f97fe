import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { Card } from "@/components/Card";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { useResults } from "./api/results";
import { Commands } from "./components/Commands";
import { BenchComparison } from "./components/BenchComparison";
import { ResultDetail } from "./components/ResultDetail";
import { Results } from "./components/Results";

/** The address contains what is open: one result, or two to compare. */
export function Component() {
  const { t } = useTranslation("bench");
  const [params, setParams] = useSearchParams();
  const saved = useResults();
  const open = params.getAll("open").slice(0, 2);
  const [first = "", second = ""] = open;
  const choose = (names: readonly string[]) => setParams({ open: [...names] });
  return (
    <Page title={t("title")} lead={t("lead")}>
      {saved.isPending && (
        <Card>
          <Loading lines={5} />
        </Card>
      )}
      {saved.isError && <ErrorState error={saved.error} onRetry={() => void saved.refetch()} />}
      {saved.data?.results.length === 0 && (
        <EmptyState title={t("none.title")}>
          <p>{t("none.description")}</p>
          <Commands />
        </EmptyState>
      )}
      {saved.data && saved.data.results.length > 0 && <Results saved={saved.data} open={open} onChoose={choose} />}
      {first && second && <BenchComparison key={open.join("/")} names={[first, second]} />}
      {first && !second && <ResultDetail name={first} />}
    </Page>
  );
}
