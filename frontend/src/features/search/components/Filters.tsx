import { useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/Button";
import { Select, TextArea, TextField } from "@/components/Field";
import { COMPARISONS, MOST_FILTERS, conditionOf, faultOf, filterFault, filterOf, type Comparison, type Condition } from "../filters";
import css from "./Filters.module.css";

interface Props {
  filters: readonly string[];
  onChange: (filters: readonly string[]) => void;
}

const KEYS = ["source", "title", "document_id", "metadata."];

/** The active filters, and a form to add one. All filters must match. */
export function Filters({ filters, onChange }: Props) {
  const { t } = useTranslation("search");
  const [isOpen, setOpen] = useState(false);
  const [isExpert, setExpert] = useState(false);
  const add = (filter: string) => {
    if (!filters.includes(filter)) onChange([...filters, filter]);
  };
  return (
    <div className={css.filters}>
      <div className={css.row}>
        <span className={css.label}>{t("filter.label")}</span>
        {filters.length > 0 && (
          <ul className={css.chips} aria-label={t("filter.label")}>
            {filters.map((filter) => (
              <li key={filter} className={css.chip}>
                <Filter filter={filter} />
                <button type="button" aria-label={t("filter.remove", { filter })} onClick={() => onChange(filters.filter((other) => other !== filter))}>
                  ×
                </button>
              </li>
            ))}
          </ul>
        )}
        {filters.length === 0 && !isOpen && <span className={css.none}>{t("filter.none")}</span>}
        {filters.length < MOST_FILTERS && (
          <Button kind="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? t("filter.close") : t("filter.add")}
          </Button>
        )}
      </div>
      {isOpen && (isExpert ? <Expert onAdd={add} onLeave={() => setExpert(false)} /> : <Builder onAdd={add} onLeave={() => setExpert(true)} />)}
    </div>
  );
}

function Filter({ filter }: { filter: string }) {
  const { t } = useTranslation("search");
  const condition = conditionOf(filter);
  if (!condition) return <code title={filter}>{filter}</code>;
  return (
    <span title={filter}>
      <strong>{condition.key}</strong> {t(`filter.comparison.${condition.comparison}`)} <strong>{condition.value}</strong>
    </span>
  );
}

interface FormProps {
  onAdd: (filter: string) => void;
  /** Switch to the other form. */
  onLeave: () => void;
}

function Builder({ onAdd, onLeave }: FormProps) {
  const { t } = useTranslation("search");
  const [condition, setCondition] = useState<Condition>({ key: "source", comparison: "is", value: "" });
  const [isTried, setTried] = useState(false);
  const fault = isTried ? faultOf(condition) : null;
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!faultOf(condition)) onAdd(filterOf(condition));
  };
  return (
    <form className={css.builder} onSubmit={submit}>
      <TextField
        label={t("filter.key")}
        list="search-filter-keys"
        value={condition.key}
        onChange={(event) => setCondition({ ...condition, key: event.target.value })}
        error={fault === "noKey" ? t(`filter.fault.${fault}`) : undefined}
        autoCapitalize="none"
        spellCheck={false}
      />
      <datalist id="search-filter-keys">
        {KEYS.map((key) => (
          <option key={key} value={key} />
        ))}
      </datalist>
      <Select
        label={t("filter.how")}
        value={condition.comparison}
        onChange={(event) => setCondition({ ...condition, comparison: event.target.value as Comparison })}
        choices={COMPARISONS.map((comparison) => ({ value: comparison, label: t(`filter.comparison.${comparison}`) }))}
      />
      <TextField
        label={t("filter.value")}
        value={condition.value}
        onChange={(event) => setCondition({ ...condition, value: event.target.value })}
        error={fault && fault !== "noKey" ? t(`filter.fault.${fault}`) : undefined}
        spellCheck={false}
      />
      <div className={css.buttons}>
        <Button type="submit">{t("filter.use")}</Button>
        <Button kind="quiet" onClick={onLeave}>
          {t("filter.toExpert")}
        </Button>
      </div>
    </form>
  );
}

function Expert({ onAdd, onLeave }: FormProps) {
  const { t } = useTranslation("search");
  const [filter, setFilter] = useState("");
  const [isTried, setTried] = useState(false);
  const fault = isTried ? filterFault(filter) : null;
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!filterFault(filter)) onAdd(filter.trim());
  };
  return (
    <form className={css.expert} onSubmit={submit}>
      <TextArea
        label={t("filter.expert")}
        hint={t("filter.expertHint")}
        error={fault ? t(`filter.fault.${fault}`) : undefined}
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
        placeholder={'{"must": [{"key": "metadata.year", "range": {"gte": 2024}}]}'}
        rows={3}
        spellCheck={false}
      />
      <div className={css.buttons}>
        <Button type="submit">{t("filter.use")}</Button>
        <Button kind="quiet" onClick={onLeave}>
          {t("filter.toBuilder")}
        </Button>
      </div>
    </form>
  );
}
