import { useTranslation } from "react-i18next";
import { Card } from "@/components/Card";
import { EmptyState } from "@/components/EmptyState";
import { Loading } from "@/components/Loading";
import { TimeChart, type Series } from "@/components/TimeChart";
import { gpuOf, type Gpu } from "@/lib/engine";
import { useFormat } from "@/lib/format";
import { KEPT, type Live } from "@/lib/live";
import type { Tick } from "@/lib/telemetry";
import css from "./Machine.module.css";

/** Upper end of the temperature scale. */
const HOTTEST = 110;

interface Chart {
  key: "cpu" | "memory" | "gpu" | "vram" | "temperature";
  values: (tick: Tick, gpu: Gpu | null) => number | null;
  text: (value: number) => string;
  most: number;
}

/** CPU, memory and GPU over the last minutes. */
export function Machine({ live }: { live: Live }) {
  const { t } = useTranslation("overview");
  const { percent, bytes, number } = useFormat();
  const tick = live.ticks.at(-1);
  if (!tick) {
    return (
      <Card title={t("machine.title")}>
        <Loading lines={6} />
      </Card>
    );
  }
  const gpu = gpuOf(tick);
  const host: Chart[] = [
    { key: "cpu", values: (sample) => sample.host.cpu_percent, text: percent, most: 100 },
    { key: "memory", values: (sample) => sample.host.memory_total - sample.host.memory_available, text: bytes, most: tick.host.memory_total },
  ];
  const card: Chart[] = [
    { key: "gpu", values: (_, gpuSample) => gpuSample?.utilisation ?? null, text: percent, most: 100 },
    { key: "vram", values: (_, gpuSample) => gpuSample?.memory ?? null, text: bytes, most: gpu?.memoryTotal ?? 1 },
    { key: "temperature", values: (_, gpuSample) => gpuSample?.temperature ?? null, text: (value) => `${number(value, 0)} °C`, most: HOTTEST },
  ];
  return (
    <>
      <Card title={t("machine.title")} aside={`${t("machine.cores", { count: tick.host.cores })} · ${t("machine.last", { minutes: KEPT / 60 })}`}>
        <Charts charts={host} live={live} />
      </Card>
      <Card title={t("machine.gpuTitle")} aside={gpu?.name}>
        {gpu ? <Charts charts={card} live={live} /> : <EmptyState title={t("machine.noGpu")}>{t("machine.noGpuDescription")}</EmptyState>}
      </Card>
    </>
  );
}

function Charts({ charts, live }: { charts: readonly Chart[]; live: Live }) {
  const { t } = useTranslation("overview");
  const { clock } = useFormat();
  const times = live.ticks.map((tick) => tick.at);
  return (
    <div className={css.charts}>
      {charts.map(({ key, values, text, most }) => {
        const series: Series[] = [{ key, label: t(`machine.${key}`), values: live.ticks.map((tick) => values(tick, gpuOf(tick))) }];
        return <TimeChart key={key} label={t(`machine.${key}`)} times={times} series={series} text={text} clock={clock} most={most} span={KEPT} />;
      })}
    </div>
  );
}
