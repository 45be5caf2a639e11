// Drives a running emulator with the official client: `node drive.mjs http://127.0.0.1:8787 emulator-token`.
// Prints one line per call; the first answer that is not as it must be ends it with exit code 1.

import { Client } from "./client.mjs";
import { company } from "./company.mjs";
import { oauth } from "./oauth.mjs";
import { records } from "./records.mjs";

const [address, apiKey] = process.argv.slice(2);
if (!address || !apiKey) {
  console.error("usage: node drive.mjs ADDRESS TOKEN");
  process.exit(2);
}
const client = new Client(address, { apiKey });
await records(client);
await company(client);
await new Client(address, { apiKey: "wrong" }).refused("v2.Deals.getDeals", {});
console.log(`done, ${client.calls + (await oauth(address))} calls`);
