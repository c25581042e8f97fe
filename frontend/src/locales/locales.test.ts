import { expect, test } from "vitest";
import en from "./en";
import pt from "./pt-BR";

type Catalogue = Record<string, unknown>;

/** Every key of a catalogue with its text, "search:results_one". */
function flat(catalogue: Catalogue, before = ""): [string, string][] {
  return Object.entries(catalogue).flatMap(([key, value]) => (typeof value === "string" ? [[before + key, value]] : flat(value as Catalogue, `${before}${key}.`)));
}

const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();
const english = new Map(flat(en));
const portuguese = new Map(flat(pt));
/** Portuguese has a plural for millions that English lacks. */
const withoutMany = [...portuguese.keys()].filter((key) => !key.endsWith("_many"));

test("both catalogues have the same keys", () => {
  expect(withoutMany.sort()).toEqual([...english.keys()].sort());
});

test("both have the same placeholders in every text", () => {
  for (const [key, text] of english) expect([key, placeholders(portuguese.get(key) ?? "")]).toEqual([key, placeholders(text)]);
});

test("no text is empty", () => {
  for (const [key, text] of [...english, ...portuguese]) expect(text.trim(), key).not.toBe("");
});

test("what is longer than a word is translated", () => {
  const same = [...english].filter(([key, text]) => text.split(" ").length > 3 && portuguese.get(key) === text).map(([key]) => key);
  expect(same).toEqual([]);
});
