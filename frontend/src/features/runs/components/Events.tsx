import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Card } from "@/components/Card";
import { Tabs } from "@/components/Tabs";
import { classes } from "@/components/classes";
import { useFormat } from "@/lib/format";
import type { Schemas } from "@/lib/api/client";
import { weighty } from "../events";
import css from "./Events.module.css";
import { StepBadge } from "./StateBadge";

const WHICH = ["weighty", "all"] as const;

/** What was said, oldest first: what matters, or every line. */
export function Events({ events, before }: { events: readonly Schemas["LoggedEvent"][]; before: number }) {
  const { t } = useTranslation("runs");
  const { clock, number } = useFormat();
  const [which, setWhich] = useState<(typeof WHICH)[number]>("weighty");
  const chosen = { weighty: weighty(events), all: events };
  const shown = chosen[which];
  return (
    <Card title={t("events.title")}>
      <Tabs
        label={t("events.which")}
        tabs={WHICH.map((key) => ({ key, label: t(`events.${key}`, { count: chosen[key].length }) }))}
        open={which}
        onOpen={setWhich}
      >
        {before > 0 && <p className={css.before}>{t("events.before", { count: before, number: number(before) })}</p>}
        {shown.length === 0 && <p className={css.before}>{t("events.none")}</p>}
        <ol className={css.events}>
          {shown.map((one) => (
            <li
              key={one.number}
              className={classes(one.kind === "warning" && css.warning, one.status === "failed" && css.failed, one.kind === "line" && css.line)}
            >
              <time dateTime={one.at}>{clock(Date.parse(one.at) / 1000)}</time>
              <span className={css.step}>{one.step}</span>
              <span className={css.text}>
                {one.text} {one.kind === "step" && one.status && <StepBadge status={one.status} />}
              </span>
            </li>
          ))}
        </ol>
      </Tabs>
    </Card>
  );
}
