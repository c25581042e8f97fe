import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { Columns } from "@/components/Columns";
import { Page } from "@/components/Page";
import type { SearchQuery } from "./api/search";
import { AddDocuments } from "./components/AddDocuments";
import { DocumentDialog } from "./components/DocumentDialog";
import { Library } from "./components/Library";
import { Results } from "./components/Results";
import { SearchForm } from "./components/SearchForm";
import { queryOf, paramsOf } from "./address";
import type { DocumentTarget } from "./target";

export function Component() {
  const { t } = useTranslation("search");
  const [params, setParams] = useSearchParams();
  const [open, setOpen] = useState<DocumentTarget | null>(null);
  const query = queryOf(params);
  const ask = (next: SearchQuery) => setParams(paramsOf(next));
  return (
    <Page title={t("title")} lead={t("lead")}>
      <Columns
        side={
          <>
            <AddDocuments onOpen={setOpen} />
            <Library onOpen={setOpen} />
          </>
        }
      >
        <SearchForm key={params.toString()} query={query} onSearch={ask} />
        <Results query={query} onOpen={setOpen} onLimit={(limit) => ask({ ...query, limit })} />
      </Columns>
      {open && <DocumentDialog key={open.id} place={open} onClose={() => setOpen(null)} onOnly={(id) => ask({ ...query, filters: [`document_id:${id}`] })} />}
    </Page>
  );
}
