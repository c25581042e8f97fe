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

/** The events, oldest first: the important ones, or all. */
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
          {shown.map((event) => (
            <li
              key={event.number}
              className={classes(event.kind === "warning" && css.warning, event.status === "failed" && css.failed, event.kind === "line" && css.line)}
            >
              <time dateTime={event.at}>{clock(Date.parse(event.at) / 1000)}</time>
              <span className={css.step}>{event.step}</span>
              <span className={css.text}>
                {event.text} {event.kind === "step" && event.status && <StepBadge status={event.status} />}
              </span>
            </li>
          ))}
        </ol>
      </Tabs>
    </Card>
  );
}
