// Writes openapi.json (from the backend's application) and src/lib/api/schema.d.ts (from openapi.json); with --check says whether both are as they would be written.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DESCRIPTION = `${HERE}openapi.json`;
const SCHEMA = `${HERE}src/lib/api/schema.d.ts`;
const HEAD = "// Written by `npm run api` from openapi.json. Change the backend, not this.\n\n";

function python() {
  const own = `${ROOT}.venv/bin/python`;
  return process.env.PYTHON ?? (existsSync(own) ? own : "python3");
}

function describe() {
  return execFileSync(python(), ["-m", "backend.describe"], { cwd: ROOT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

async function typed(description) {
  return HEAD + astToString(await openapiTS(JSON.parse(description), { alphabetize: true, defaultNonNullable: false }));
}

const made = describe();
const files = [
  [DESCRIPTION, made],
  [SCHEMA, await typed(made)],
];
if (process.argv.includes("--check")) {
  const stale = files.filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text).map(([path]) => path.slice(HERE.length));
  if (stale.length) {
    console.error(`stale: ${stale.join(", ")}. The backend's API has changed: npm run api, and commit what it writes`);
    process.exit(1);
  }
} else {
  for (const [path, text] of files) writeFileSync(path, text);
}
