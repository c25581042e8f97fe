import { expect, test } from "vitest";
import { choose } from "./i18n";

test.each([
  [null, ["pt-PT", "en"], "pt-BR"],
  [null, ["en-GB", "pt-BR"], "en"],
  [null, ["de-DE", "pt"], "pt-BR"],
  [null, ["de-DE"], "en"],
  ["pt-BR", ["en"], "pt-BR"],
  ["xx", ["pt"], "pt-BR"],
])("stored %j, browser %j: %s", (stored, preferred, language) => {
  expect(choose(stored, preferred)).toBe(language);
});
