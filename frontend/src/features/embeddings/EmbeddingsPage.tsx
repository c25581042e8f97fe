import { useTranslation } from "react-i18next";
import { Announce } from "@/components/Announce";
import { Card } from "@/components/Card";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { Page } from "@/components/Page";
import { useEmbed } from "./api/embed";
import { Answer } from "./components/Answer";
import { EmbedForm } from "./components/EmbedForm";
import { Similarity } from "./components/Similarity";

export function Component() {
  const { t } = useTranslation("embeddings");
  const embed = useEmbed();
  return (
    <Page title={t("title")} lead={t("lead")}>
      <EmbedForm isBusy={embed.isPending} onEmbed={(request) => embed.mutate(request)} />
      <Announce text={embed.data ? t("answer.title") : ""} />
      {embed.isError && (
        <Card title={t("answer.title")}>
          <ErrorState error={embed.error} onRetry={() => embed.mutate(embed.variables)} />
        </Card>
      )}
      {embed.isIdle && <EmptyState title={t("start.title")}>{t("start.description")}</EmptyState>}
      {embed.data && (
        <>
          <Answer embedded={embed.data} />
          <Similarity texts={embed.data.texts} vectors={embed.data.vectors} />
        </>
      )}
    </Page>
  );
}
