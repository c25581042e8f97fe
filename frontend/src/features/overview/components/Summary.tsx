import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Badge, type Tone } from "@/components/Badge";
import { engineOf, gpuOf } from "@/lib/engine";
import { useFormat } from "@/lib/format";
import type { Live } from "@/lib/live";
import { STATUS_TONE, statusOf } from "../status";
import css from "./Summary.module.css";

/** The overall state in one line. */
export function Summary({ live }: { live: Live }) {
  const { t } = useTranslation("overview");
  const { lasted, clock } = useFormat();
  const tick = live.ticks.at(-1);
  const engine = tick && engineOf(tick);
  const gpu = tick && gpuOf(tick);
  const status = tick ? statusOf(tick.status) : null;
  const { text, tone } = useLink(live);
  return (
    <dl className={css.summary}>
      <Fact name={t("summary.system")}>
        {!tick || !status ? (
          "–"
        ) : live.link.status === "live" ? (
          <Badge tone={STATUS_TONE[status]} dot>
            {t(`status.${status}`)}
          </Badge>
        ) : (
          <Badge>{t("summary.was", { status: t(`status.${status}`), at: clock(tick.at) })}</Badge>
        )}
      </Fact>
      <Fact name={t("summary.device")}>{engine ? (engine.device === "cuda" ? gpu?.name || t("device.gpu") : t("device.cpu")) : "–"}</Fact>
      <Fact name={t("summary.uptime")}>{tick ? lasted(tick.host.uptime_s) : "–"}</Fact>
      <Fact name={t("summary.live")}>
        <Badge tone={tone} dot>
          {text}
        </Badge>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Return the state of the live connection as text. */
function useLink({ link }: Live): { text: string; tone: Tone } {
  const { t } = useTranslation("overview");
  const backend = link.url ? `:${new URL(link.url).port}` : "";
  const tone = link.status === "live" ? "good" : "warn";
  const text = t(`link.${link.status}`, { backend });
  return { tone, text: link.reconnects ? `${text} · ${t("link.reconnects", { count: link.reconnects })}` : text };
}
