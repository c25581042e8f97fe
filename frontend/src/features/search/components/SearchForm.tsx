import { useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/Button";
import { Card } from "@/components/Card";
import { Select, TextField } from "@/components/Field";
import { Icon } from "@/components/Icon";
import { LIMITS } from "../address";
import type { SearchQuery } from "../api/search";
import { Filters } from "./Filters";
import css from "./SearchForm.module.css";

const MOST_LETTERS = 8192;

/** The query, the number of results, and the filters. Filters and number apply at once, the query on submit. */
export function SearchForm({ query, onSearch }: { query: SearchQuery; onSearch: (query: SearchQuery) => void }) {
  const { t } = useTranslation("search");
  const [q, setQ] = useState(query.q);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    onSearch({ ...query, q: q.trim() });
  };
  return (
    <Card>
      <form className={css.form} role="search" onSubmit={submit}>
        <TextField
          label={t("question")}
          type="search"
          value={q}
          onChange={(event) => setQ(event.target.value)}
          required
          maxLength={MOST_LETTERS}
          placeholder={t("questionHint")}
        />
        <Select
          label={t("limit")}
          value={query.limit}
          onChange={(event) => onSearch({ ...query, q: q.trim(), limit: Number(event.target.value) })}
          choices={LIMITS.map((limit) => ({ value: String(limit), label: String(limit) }))}
        />
        <Button type="submit" kind="primary">
          <Icon name="search" />
          {t("submit")}
        </Button>
      </form>
      <Filters filters={query.filters} onChange={(filters) => onSearch({ ...query, q: q.trim(), filters })} />
    </Card>
  );
}
