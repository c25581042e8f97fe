import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { Columns } from "@/components/Columns";
import { Page } from "@/components/Page";
import type { Asked } from "./api/search";
import { AddDocuments } from "./components/AddDocuments";
import { DocumentDialog } from "./components/DocumentDialog";
import { Library } from "./components/Library";
import { Results } from "./components/Results";
import { SearchForm } from "./components/SearchForm";
import { askedOf, paramsOf } from "./address";
import type { Place } from "./place";

export function Component() {
  const { t } = useTranslation("search");
  const [params, setParams] = useSearchParams();
  const [open, setOpen] = useState<Place | null>(null);
  const asked = askedOf(params);
  const ask = (next: Asked) => setParams(paramsOf(next));
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
        <SearchForm key={params.toString()} asked={asked} onAsk={ask} />
        <Results asked={asked} onOpen={setOpen} onLimit={(limit) => ask({ ...asked, limit })} />
      </Columns>
      {open && <DocumentDialog key={open.id} place={open} onClose={() => setOpen(null)} onOnly={(id) => ask({ ...asked, filters: [`document_id:${id}`] })} />}
    </Page>
  );
}
