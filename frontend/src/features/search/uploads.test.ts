import { describe, expect, it } from "vitest";
import type { Uploaded, UploadOptions } from "@/lib/upload";
import { UploadQueue, isOver } from "./uploads";

function file(name: string): File {
  return new File([`the text of ${name}`], name, { type: "text/plain" });
}

function created(form: FormData, isNew: boolean): Uploaded {
  const data = { id: form.get("source"), created: isNew, chunks: 1 } as Uploaded["data"];
  return { data, by: { backend: ":8000", worker: "8000/1", attempts: 1, ms: 1, path: "/documents" } };
}

async function settled(queue: UploadQueue): Promise<void> {
  while (!queue.snapshot().every(isOver)) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("UploadQueue", () => {
  it("sends one file at a time, in order, and tells what is new and what was there", async () => {
    let underWay = 0;
    let most = 0;
    let added = 0;
    const queue = new UploadQueue(
      async (form, { onProgress }) => {
        most = Math.max(most, ++underWay);
        onProgress?.(0.5);
        await new Promise((resolve) => setTimeout(resolve, 2));
        onProgress?.(1);
        underWay -= 1;
        return created(form, form.get("source") !== "b.md");
      },
      () => (added += 1),
    );
    queue.add([file("a.md"), file("b.md"), file("c.md")], { metadata: "" });
    await settled(queue);
    expect(queue.snapshot().map((upload) => [upload.name, upload.state])).toEqual([
      ["a.md", "added"],
      ["b.md", "exists"],
      ["c.md", "added"],
    ]);
    expect([most, added]).toEqual([1, 2]);
  });

  it("goes on after a file that fails, and sends that one again when asked", async () => {
    let isBroken = true;
    const queue = new UploadQueue(
      (form) => {
        if (form.get("source") === "a.md" && isBroken) return Promise.reject(new Error("no"));
        return Promise.resolve(created(form, true));
      },
      () => undefined,
    );
    queue.add([file("a.md"), file("b.md")], { metadata: "" });
    await settled(queue);
    expect(queue.snapshot().map((upload) => upload.state)).toEqual(["failed", "added"]);
    isBroken = false;
    queue.retry(queue.snapshot()[0]?.id ?? 0);
    await settled(queue);
    expect(queue.snapshot().map((upload) => upload.state)).toEqual(["added", "added"]);
  });

  it("cancels what is under way without calling it failed, and forgets only what is over", async () => {
    const queue = new UploadQueue(
      (form, { signal }: UploadOptions) =>
        form.get("source") === "b.md"
          ? Promise.resolve(created(form, true))
          : new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")))),
      () => undefined,
    );
    queue.add([file("a.md"), file("b.md")], { metadata: "" });
    const [first, second] = queue.snapshot();
    queue.clear();
    expect(queue.snapshot()).toHaveLength(2);
    queue.cancel(first?.id ?? 0);
    await settled(queue);
    expect(queue.snapshot().map((upload) => upload.state)).toEqual(["cancelled", "added"]);
    expect(second?.name).toBe("b.md");
    queue.clear();
    expect(queue.snapshot()).toEqual([]);
  });

  it("says the file's name as the source, and the metadata where there are some", async () => {
    const forms: FormData[] = [];
    const queue = new UploadQueue(
      (form) => {
        forms.push(form);
        return Promise.resolve(created(form, true));
      },
      () => undefined,
    );
    queue.add([file("a.md")], { metadata: ' {"year": 2024} ' });
    queue.add([file("b.md")], { metadata: " " });
    await settled(queue);
    expect(forms.map((form) => [form.get("source"), form.get("metadata")])).toEqual([
      ["a.md", ' {"year": 2024} '],
      ["b.md", null],
    ]);
  });
});
