// The client's own OAuth: code, token, refresh, revocation.

import assert from "node:assert/strict";
import v2 from "pipedrive/v2";
import { Client } from "./client.mjs";

const APP = {
  clientId: "emulator-client",
  clientSecret: "emulator-secret",
  redirectUri: "http://127.0.0.1:9/callback",
};

export async function oauth(address) {
  const session = new v2.OAuth2Configuration({ ...APP, host: address });
  const page = await fetch(`${session.authorizationUrl}&decision=allow`, { redirect: "manual" });
  const { access_token } = await session.authorize(new URL(page.headers.get("location")).searchParams.get("code"));
  assert.equal(session.accessToken, access_token);
  assert.equal(session.basePath, `${address}/api/v2`);
  console.log("ok OAuth2Configuration.authorize");
  const client = new Client(address, { accessToken: session.getAccessToken });
  await client.call("v1.Users.getCurrentUser");
  await session.tokenRefresh();
  console.log("ok OAuth2Configuration.tokenRefresh");
  await client.call("v2.Deals.getDeals", { limit: 1 });
  await session.revokeToken("refresh_token");
  console.log("ok OAuth2Configuration.revokeToken");
  await client.refused("v2.Deals.getDeals", { limit: 1 });
  return client.calls;
}
