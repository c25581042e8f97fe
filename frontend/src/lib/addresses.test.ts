import { expect, test } from "vitest";
import { defaultBackends, parseBackends } from "./addresses";

const SAID = { backends: ["http://127.0.0.1:18000", "http://127.0.0.1:18080/"] };

test("the cluster file says where the backends are", () => {
  expect(parseBackends(SAID, "127.0.0.1")).toEqual(["http://127.0.0.1:18000", "http://127.0.0.1:18080"]);
});

test("the page's own loopback name is used, so that the session's cookie is sent", () => {
  expect(parseBackends(SAID, "localhost")).toEqual(["http://localhost:18000", "http://localhost:18080"]);
});

test("another machine's name is left as it is", () => {
  expect(parseBackends({ backends: ["http://box:8000"] }, "localhost")).toEqual(["http://box:8000"]);
});

test.each([null, {}, { backends: [] }, { backends: "x" }, "<!doctype html>"])("without one they are at the usual ports: %j", (document) => {
  expect(parseBackends(document, "localhost")).toEqual(["http://localhost:8000", "http://localhost:8080", "http://localhost:3001"]);
  expect(defaultBackends("box")[2]).toBe("http://box:3001");
});
