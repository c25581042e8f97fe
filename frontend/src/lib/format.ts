/** Short numbers, sizes and times in the user's language. */

import { useMemo } from "react";
import { useTranslation } from "react-i18next";

export interface Format {
  /** 1234.5 → "1,234.5"; at most `digits` after the point. */
  number: (value: number, digits?: number) => string;
  /** 12.3 → "12 %" */
  percent: (value: number, digits?: number) => string;
  /** 1536 → "1.5 KiB" */
  bytes: (value: number) => string;
  /** Milliseconds: 0.42 → "0.42 ms", 1500 → "1.5 s". */
  ms: (value: number) => string;
  /** Duration in seconds: 3700 → "1 h 1 min". */
  lasted: (seconds: number) => string;
  /** ISO text or Unix seconds → date and time. */
  when: (at: string | number) => string;
  /** The same, time of day only. */
  clock: (at: number) => string;
}

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

export function format(language: string): Format {
  const number = (value: number, digits = 1) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
  const date = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const time = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
  return {
    number,
    percent: (value, digits = 0) => `${number(value, digits)} %`,
    bytes: (value) => {
      const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), BYTES.length - 1);
      return `${number(value / 1024 ** power, power ? 1 : 0)} ${BYTES[power] ?? ""}`;
    },
    ms: (value) => (value >= 1000 ? `${number(value / 1000, 1)} s` : `${number(value, value < 1 ? 2 : value < 10 ? 1 : 0)} ms`),
    lasted: (seconds) => {
      if (seconds < MINUTE) return `${number(seconds, 0)} s`;
      if (seconds < HOUR) return `${number(Math.floor(seconds / MINUTE), 0)} min`;
      if (seconds < DAY) return `${number(Math.floor(seconds / HOUR), 0)} h ${number(Math.floor((seconds % HOUR) / MINUTE), 0)} min`;
      return `${number(Math.floor(seconds / DAY), 0)} d ${number(Math.floor((seconds % DAY) / HOUR), 0)} h`;
    },
    when: (at) => date.format(typeof at === "number" ? at * 1000 : new Date(at)),
    clock: (at) => time.format(at * 1000),
  };
}

export function useFormat(): Format {
  const { i18n } = useTranslation();
  return useMemo(() => format(i18n.language), [i18n.language]);
}
