import type { SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/Button";
import { Card } from "@/components/Card";
import { Select, TextField } from "@/components/Field";
import type { Circuit } from "../api/run";
import css from "./Options.module.css";

interface Props {
  circuit: Circuit;
  onChange: (part: Partial<Circuit>) => void;
  isBusy: boolean;
  mayRun: boolean;
  onRun: () => void;
  onCancel: () => void;
}

const DEVICES = ["auto", "cpu", "gpu"] as const;
const METHODS = ["automatic", "statevector", "stabilizer", "matrix_product_state"] as const;
const PRECISIONS = ["double", "single"] as const;

/** Options of a run. */
export function Options({ circuit, onChange, isBusy, mayRun, onRun, onCancel }: Props) {
  const { t } = useTranslation("quantum");
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    onRun();
  };
  return (
    <Card title={t("options.title")}>
      <form className={css.form} onSubmit={submit}>
        <div className={css.pair}>
          <TextField
            label={t("options.shots")}
            type="number"
            required
            min={1}
            max={1_000_000}
            value={shown(circuit.shots)}
            onChange={(event) => onChange({ shots: event.target.valueAsNumber })}
          />
          <TextField
            label={t("options.seed")}
            type="number"
            min={0}
            max={2 ** 53}
            placeholder={t("options.noSeed")}
            value={shown(circuit.seed)}
            onChange={(event) => onChange({ seed: event.target.value === "" ? null : event.target.valueAsNumber })}
          />
        </div>
        <Select
          label={t("options.device")}
          value={circuit.device}
          onChange={(event) => onChange({ device: event.target.value as Circuit["device"] })}
          choices={DEVICES.map((value) => ({ value, label: t(`options.devices.${value}`) }))}
        />
        <Select
          label={t("options.method")}
          value={circuit.method}
          onChange={(event) => onChange({ method: event.target.value as Circuit["method"] })}
          choices={METHODS.map((value) => ({ value, label: t(`options.methods.${value}`) }))}
        />
        <div className={css.pair}>
          <Select
            label={t("options.precision")}
            value={circuit.precision}
            onChange={(event) => onChange({ precision: event.target.value as Circuit["precision"] })}
            choices={PRECISIONS.map((value) => ({ value, label: t(`options.precisions.${value}`) }))}
          />
          <TextField
            label={t("options.timeout")}
            type="number"
            required
            min={1}
            max={600}
            value={shown(circuit.timeout_s)}
            onChange={(event) => onChange({ timeout_s: event.target.valueAsNumber })}
          />
        </div>
        {mayRun ? (
          <div className={css.buttons}>
            <Button type="submit" kind="primary" className={css.run} busy={isBusy} disabled={!circuit.qasm.trim()}>
              {isBusy ? t("options.running") : t("options.run")}
            </Button>
            {isBusy && <Button onClick={onCancel}>{t("options.cancel")}</Button>}
          </div>
        ) : (
          <p className={css.refused}>{t("options.refused")}</p>
        )}
      </form>
    </Card>
  );
}

/** Return the value of a number field while the user types; empty for an incomplete number. */
function shown(value: number | null | undefined): number | string {
  return value == null || Number.isNaN(value) ? "" : value;
}
