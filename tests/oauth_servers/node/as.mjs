// An authorization server for the tests: npm's oidc-provider, and beside it `/_control`, by which a test counts, delays
// and fails requests. Its whole configuration is one JSON argument, which tests/oauth_servers/oidc.py writes. All state
// is in memory. Run it in the folder that holds node_modules.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const given = JSON.parse(process.argv[2]); // port, clients, ttl, rotate, require_pkce, groups
const issuer = `http://127.0.0.1:${given.port}`;
const installed = createRequire(`${process.cwd()}/`);
const { Provider } = await import(pathToFileURL(installed.resolve("oidc-provider")));

const WATCHED = new Set(["/token", "/token/revocation", "/device/auth", "/reg"]);
const GRANTS = ["authorization_code", "refresh_token", "device_code", "client_credentials"];

const seen = []; // every request to a watched path, oldest first
let delayMs = 0;
let failing = { status: 503, error: null, times: 0 };

function makeProvider() {
  const signing = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  const provider = new Provider(issuer, {
    clients: given.clients,
    jwks: { keys: [{ ...signing, alg: "RS256", use: "sig" }] },
    cookies: { keys: ["only-for-this-test"] },
    scopes: ["openid", "offline_access", "read", "write"], // those of claims come on top
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    findAccount: (_ctx, login) => ({ accountId: login, claims: () => claimsOf(login) }),
    pkce: { required: (_ctx, client) => given.require_pkce || client.clientAuthMethod === "none" },
    rotateRefreshToken: given.rotate,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"), // also without offline_access
    expiresWithSession: async () => false, // nor does what was issued end with the sign-in
    clockTolerance: 0, // the default lets an expired token work 15 s longer
    ttl: given.ttl,
    features: {
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      registration: { enabled: true, initialAccessToken: false },
      registrationManagement: { enabled: true },
    },
  });
  // The answers say only "grant request is invalid".
  provider.on("grant.error", (ctx, error) => {
    ctx.req.entry.reason = error.error_detail ?? error.error_description ?? error.message;
  });
  return provider;
}

function claimsOf(login) {
  const groups = given.groups[login] ?? [];
  return { sub: login, name: login, email: `${login}@example.test`, email_verified: true, groups };
}

function authMethod(headers, body) {
  if (headers.authorization?.startsWith("Basic ")) return "client_secret_basic";
  if (body.client_assertion) return "private_key_jwt";
  return body.client_secret ? "client_secret_post" : "none";
}

// The status is noted, and a rotated token spent, when the server has decided; only its answer is held back.
async function watch(request, response, path) {
  const isToken = path === "/token";
  const text = await textOf(request);
  const isJson = request.headers["content-type"]?.startsWith("application/json");
  const body = isJson ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
  const entry = { path, headers: Object.keys(request.headers), auth_method: authMethod(request.headers, body), body };
  seen.push(entry);
  request.entry = entry;
  request.body = text; // oidc-provider takes it from there, as its stream has been read
  const end = response.end.bind(response);
  response.end = (...rest) => {
    entry.status = response.statusCode;
    setTimeout(() => end(...rest), isToken ? delayMs : 0);
  };
  if (isToken && failing.times > 0) {
    failing.times -= 1;
    entry.reason = "the test asked for it";
    return json(response, failing.status, failing.error && { error: failing.error });
  }
  return handle(request, response);
}

function counts() {
  const found = Object.fromEntries([...GRANTS, "other"].map((name) => [name, { ok: 0, error: 0 }]));
  const answered = seen.filter((entry) => entry.status);
  for (const { body, status } of answered.filter((entry) => entry.path === "/token")) {
    const name = body.grant_type?.split(":").at(-1); // urn:ietf:params:oauth:grant-type:device_code
    found[GRANTS.includes(name) ? name : "other"][status < 400 ? "ok" : "error"] += 1;
  }
  const taken = (path) => answered.filter((entry) => entry.path === path && entry.status < 400).length;
  return { ...found, revocation: taken("/token/revocation"), registration: taken("/reg") };
}

async function control(request, response, path) {
  const wished = request.method === "POST" ? JSON.parse((await textOf(request)) || "{}") : {};
  switch (path) {
    case "/_control/counts":
      return json(response, 200, counts());
    case "/_control/requests":
      return json(response, 200, seen);
    case "/_control/delay":
      delayMs = wished.token_ms;
      return json(response, 204);
    case "/_control/fail":
      failing = { status: wished.token_status, error: wished.error, times: wished.times };
      return json(response, 204);
    default:
      return json(response, 404);
  }
}

async function textOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function json(response, status, value) {
  response.writeHead(status, value ? { "content-type": "application/json" } : {});
  response.end(value ? JSON.stringify(value) : undefined);
}

const handle = makeProvider().callback();
createServer((request, response) => {
  const { pathname } = new URL(request.url, issuer);
  const isWatched = request.method === "POST" && WATCHED.has(pathname);
  if (!isWatched && !pathname.startsWith("/_control/")) return handle(request, response);
  // A client that leaves in the middle of its request, or sends no JSON, must not end the server.
  return (isWatched ? watch : control)(request, response, pathname).catch((error) => {
    console.error(error);
    response.destroy();
  });
}).listen(given.port, "127.0.0.1");
