// A provider of OpenID Connect on this machine. Its keys are new at every start, so a restart is a rotation.
// Whoever is named in `?login=` at the interaction is signed in; the accounts are what was last put to /test/accounts.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, port, callbacks] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(createRequire(modules).resolve("oidc-provider")));

const issuer = `http://127.0.0.1:${port}`;
const accounts = new Map();
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...key, use: "sig", alg: "RS256", kid: `k${Date.now()}` }] },
  cookies: { keys: ["only for tests"] },
  clients: [
    { client_id: "kapell", client_secret: "a secret & more", redirect_uris: callbacks.split(",") },
    { client_id: "public", token_endpoint_auth_method: "none", redirect_uris: callbacks.split(",") },
  ],
  claims: {
    openid: ["sub"],
    profile: ["name", "preferred_username"],
    email: ["email", "email_verified"],
    groups: ["groups"],
  },
  scopes: ["openid", "profile", "email", "groups"],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  findAccount: (_ctx, id) => accounts.has(id) && { accountId: id, claims: () => ({ sub: id, ...accounts.get(id) }) },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  async loadExistingGrant(ctx) {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid profile email groups");
    await grant.save();
    return grant;
  },
});

async function handle(request, response) {
  const url = new URL(request.url, issuer);
  if (url.pathname === "/test/accounts") {
    let body = "";
    for await (const chunk of request) body += chunk;
    for (const [id, claims] of Object.entries(JSON.parse(body))) accounts.set(id, claims);
    response.end();
  } else if (url.pathname.startsWith("/interaction/") && !url.searchParams.has("login")) {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end('<title>Provider</title><form><label>Account <input name="login"></label><button>Go on</button></form>');
  } else if (url.pathname.startsWith("/interaction/")) {
    await provider.interactionFinished(request, response, { login: { accountId: url.searchParams.get("login") } });
  } else {
    await provider.callback()(request, response);
  }
}

process.stdin.resume().on("end", () => process.exit()); // it dies with the test, however that ends

createServer((request, response) => {
  handle(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
