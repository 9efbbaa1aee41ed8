// Behaves towards an MCP server as AnythingLLM 1.16 does, with the client library that it uses.
//
//     node driver.mjs FOLDER     with FOLDER/node_modules/@modelcontextprotocol/sdk
//
// Takes commands as lines of JSON, `{"id", "op", ...}`, and answers `{"id", "value"}` or `{"id", "error"}`:
//   boot {servers}       start what its file of servers says, one after the other, unless any is running already
//   reload {servers}     stop all and boot: the button on its page of agent skills
//   conversation {name}  what a conversation begins with: the functions that the model gets, of the first page only
//   tool {name, tool, args}  what the model gets back: one text
//   ping {name}, pid {name}, stop {name}
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";

const require = createRequire(path.join(path.resolve(process.argv[2]), "package.json"));
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");
const { SSEClientTransport } = require("@modelcontextprotocol/sdk/client/sse.js");
const { StreamableHTTPClientTransport } = require("@modelcontextprotocol/sdk/client/streamableHttp.js");

const START_MS = 30_000;
const TYPES = ["http", "streamable", "sse", undefined];
const running = {};

function transportOf(server) {
  if (server.command) {
    // The whole environment of AnythingLLM goes to the process, and what its file says beside it.
    return new StdioClientTransport({
      command: server.command, args: server.args ?? [], env: { ...process.env, ...server.env },
    });
  }
  if (!TYPES.includes(server.type)) throw new Error(`unknown type ${server.type}`);
  const isStreamable = server.type === "http" || server.type === "streamable";
  const Transport = isStreamable ? StreamableHTTPClientTransport : SSEClientTransport;
  return new Transport(new URL(server.url), { requestInit: { headers: server.headers } });
}

async function start(name, server) {
  const client = new Client({ name, version: "1.0.0" });
  const transport = transportOf(server);
  transport.onerror = (error) => console.error(`${name}: ${error}`);
  running[name] = client;
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("Connection timeout")), START_MS);
  });
  try {
    await Promise.race([client.connect(transport), late]);
  } finally {
    clearTimeout(timer);
  }
}

function stop(name) {
  const client = running[name];
  delete running[name];
  const transport = client?.transport;
  if (!transport) return;
  transport._process?.kill("SIGTERM");
  void transport.close(); // not waited for
}

const ops = {
  async boot({ servers }) {
    if (Object.keys(running).length) return "already running";
    const results = {};
    for (const [name, server] of Object.entries(servers)) {
      try {
        await start(name, server);
        results[name] = "success";
      } catch (error) {
        results[name] = `failed: ${error.message}`;
        void running[name]?.close();
        delete running[name];
      }
    }
    return results;
  },
  async reload({ servers }) {
    Object.keys(running).forEach(stop);
    return ops.boot({ servers });
  },
  async conversation({ name }) {
    const { tools, nextCursor } = await running[name].listTools();
    const functions = tools.map((tool) => ({
      name: `${name}-${tool.name}`,
      description: tool.description,
      parameters: { $schema: "http://json-schema.org/draft-07/schema#", ...tool.inputSchema },
    }));
    return { functions, nextCursor: nextCursor ?? null };
  },
  async tool({ name, tool, args }) {
    try {
      return JSON.stringify(await running[name].callTool({ name: tool, arguments: args ?? {} }));
    } catch (error) {
      return `The tool ${name}:${tool} failed with error: ${error.message}`;
    }
  },
  async ping({ name }) {
    return Boolean(await running[name].ping());
  },
  async pid({ name }) {
    return running[name].transport?.pid ?? null;
  },
  async stop({ name }) {
    stop(name);
    return null;
  },
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, op, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { id, value: await ops[op](given) };
  } catch (error) {
    answer = { id, error: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}).on("close", () => {
  Object.keys(running).forEach(stop);
  setTimeout(() => process.exit(0), 3_000).unref();
});
