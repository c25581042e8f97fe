import { describe, expect, it } from "vitest";
import { queryOf, paramsOf } from "./address";
import { parseMetadata } from "./metadata";

describe("the address of a search", () => {
  it("says the whole search, and reads it back", () => {
    const query = { q: "a ship & its crew", filters: ["source:a.md", '{"key": "n", "range": {"gte": 1}}'], limit: 50 };
    expect(queryOf(new URLSearchParams(paramsOf(query).toString()))).toEqual(query);
  });

  it("is short where nothing is special", () => {
    expect(paramsOf({ q: "ship", filters: [], limit: 10 }).toString()).toBe("q=ship");
    expect(paramsOf({ q: "", filters: [], limit: 10 }).toString()).toBe("");
  });

  it("asks for nothing that the backend would refuse, whatever somebody typed", () => {
    const many = Array.from({ length: 30 }, (_, index) => `filter=a:${index}`).join("&");
    const query = queryOf(new URLSearchParams(`q=%20ship%20&limit=100000&filter=&${many}`));
    expect(query).toMatchObject({ q: "ship", limit: 10 });
    expect(query.filters).toHaveLength(20);
    expect(query.filters[0]).toBe("a:0");
  });
});

describe("parseMetadata", () => {
  it("takes an object or nothing, and nothing else", () => {
    expect(parseMetadata(' {"year": 2024} ')).toEqual({ year: 2024 });
    expect(parseMetadata(" ")).toEqual({});
    for (const wrong of ["{", "[1]", "null", "2024", '"x"']) expect(parseMetadata(wrong)).toBeNull();
  });
});
