// Lets the SDK of a provider send requests to a server of our own, and writes what came to ../recordings.
import { createServer } from "node:http";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ANY, samplesOf } from "./samples.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
export const SDKS = join(HERE, "../../../.test-tools/sdk");

/** Import a module of an SDK: from a file that stands beside them. */
export async function sdk(name) {
  const opener = join(SDKS, "open.mjs");
  writeFileSync(opener, "export const open = (name) => import(name);\n");
  return (await import(pathToFileURL(opener).href)).open(name);
}

/**
 * Record a connector. `functions`: action (or `action/variant`, for another request that it may send) → the TypeScript
 * type of the function of the SDK, over `imports`; `answer`: the type of an answer by that of what the function gives;
 * `call`: calls it, at the server's address;
 * `change`: changes arguments before (by action); `sample`: what to answer, by the server's address, where no type tells
 * it (by action); `also`: the actions whose requests it may send too (by action); `calls`: what the recording calls the
 * functions, where their types do not tell which these are.
 */
export async function record({ name, sdk, imports, functions, answer = (type) => type, call, change = {}, sample = {}, also = {}, calls = functions }) {
  const version = JSON.parse(readFileSync(join(SDKS, "node_modules", sdk, "package.json"))).version;
  const made = samplesOf(SDKS, imports, functions, answer);
  const seen = [];
  const waiting = { answer: null };
  const server = createServer((request, response) => receive(request, response, seen, waiting));
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${server.address().port}`;
  const operations = {};
  for (const [action, { full, least, answer: typed }] of Object.entries(made)) {
    waiting.answer = sample[action]?.(url) ?? typed;
    const sent = [];
    for (const [one, isFull] of [[full, true], [least, false]]) {
      const values = change[action] === undefined ? one.values : change[action](one.values, isFull) ?? one.values;
      seen.length = 0;
      await call(action, values, url).catch((error) => seen.length > 0 || Promise.reject(new Error(`${action}: ${error.stack}`)));
      if (seen.length === 0) throw new Error(`${action}: nothing was sent`);
      sent.push(seen[seen.length - 1]);
    }
    (operations[action.split("/")[0]] ??= []).push(entryOf(calls[action], full.names, sent, typed));
  }
  for (const [action, others] of Object.entries(also)) {
    operations[action].push(...others.flatMap((one) => operations[one]));
  }
  server.close();
  server.closeAllConnections();
  const document = { sdk: { registry: "npm", name: sdk, version }, operations };
  writeFileSync(join(HERE, "../recordings", `${name}.json`), `${JSON.stringify(document, null, 1)}\n`);
  console.log(`${name}: ${Object.keys(operations).length} operations of ${sdk} ${version}`);
}

function receive(request, response, seen, waiting) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const url = new URL(request.url, "http://here");
    const type = (request.headers["content-type"] ?? "").split(";")[0];
    const text = Buffer.concat(parts).toString();
    seen.push({ method: request.method, path: url.pathname, query: url.search, type, text });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(waiting.answer ?? {}));
  });
}

function entryOf(func, names, [full, least], answer) {
  const [query, needed] = [namesOf(full.query), namesOf(least.query)];
  const [body, minimum] = [bodyOf(full), bodyOf(least)];
  const required = [...needed, ...Object.keys(Array.isArray(minimum) ? {} : minimum ?? {})];
  const path = full.path.split("/").map((one) => {
    const name = names.get(decodeURIComponent(one));
    return name === undefined ? one : `{${name.replace(/\W/g, "_")}}`;
  });
  return {
    call: func, method: full.method, path: path.join("/"), query, required,
    ...(body === undefined ? {} : { type: full.type, body }),
    ...(answer === null || answer === undefined ? {} : { answer }),
  };
}

function namesOf(query) {
  return [...new Set(new URLSearchParams(query).keys())];
}

function bodyOf({ type, text }) {
  if (text === "") return undefined;
  if (type === "application/json") return cleaned(JSON.parse(text));
  if (type === "application/x-www-form-urlencoded") return Object.fromEntries(new URLSearchParams(text));
  // What is a form's part is a text there, whatever it is.
  const parts = [...text.matchAll(/; name="([^"]+)"/g)].map((one) => one[1].replace(/\[\]$/, ""));
  return Object.fromEntries(parts.map((name) => [name, null]));
}

// What may be of any kind is null in a recording, which leaves it open.
function cleaned(value) {
  if (value === ANY) return null;
  if (Array.isArray(value)) return value.map(cleaned);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cleaned(one)]));
}
