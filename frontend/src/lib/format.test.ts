import { expect, test } from "vitest";
import { format } from "./format";

const en = format("en");
const pt = format("pt-BR");

test("bytes", () => {
  expect([0, 512, 1536, 4 * 1024 ** 3].map(en.bytes)).toEqual(["0 B", "512 B", "1.5 KiB", "4 GiB"]);
});

test("milliseconds", () => {
  expect([0.423, 4.26, 42.6, 1530].map(en.ms)).toEqual(["0.42 ms", "4.3 ms", "43 ms", "1.5 s"]);
});

test("what has passed", () => {
  expect([59, 61, 3700, 90_000].map(en.lasted)).toEqual(["59 s", "1 min", "1 h 1 min", "1 d 1 h"]);
});

test("in the reader's language", () => {
  expect([pt.number(1234.5), pt.percent(12.34, 1), pt.ms(0.4)]).toEqual(["1.234,5", "12,3 %", "0,4 ms"]);
});
