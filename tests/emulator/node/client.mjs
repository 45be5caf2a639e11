// The official client, with every answer held to what its caller may rely on; prints one line per call.

import assert from "node:assert/strict";
import v1 from "pipedrive/v1";
import v2 from "pipedrive/v2";

const MODULES = { v1, v2 };
const PATHS = { v1: "/v1", v2: "/api/v2" };
// Without these axios hands on a body that it could not parse as if it were text.
const STRICT = { responseType: "json", transitional: { silentJSONParsing: false } };

export class Client {
  constructor(address, credentials) {
    this.calls = 0;
    this.configurations = {};
    for (const [version, path] of Object.entries(PATHS)) {
      this.configurations[version] = new MODULES[version].Configuration({ ...credentials, basePath: address + path });
    }
  }

  // What a method resolves to.
  async #send(method, parameters, options = STRICT) {
    const [version, group, name] = method.split(".");
    const configuration = this.configurations[version];
    configuration.baseOptions = options; // its constructor does not take them
    const api = new MODULES[version][`${group}Api`](configuration);
    assert.equal(typeof api[name], "function", `the client has no ${method}`);
    this.calls += 1;
    return api[name](parameters);
  }

  // `answer("v2.Deals.getDeal", { id: 1 })`: the whole decoded body of a call that succeeds.
  async answer(method, parameters) {
    let body;
    try {
      body = await this.#send(method, parameters);
    } catch (refusal) {
      throw new Error(`${method} ${JSON.stringify(parameters)}: ${explain(refusal)}`);
    }
    assert.equal(typeof body, "object", `${method}: not decoded`);
    assert.equal(body.success, true, `${method}: success is ${body.success}`);
    assert.ok("data" in body, `${method}: no data`);
    console.log(`ok ${method}`);
    return body;
  }

  // Its `data`.
  async call(method, parameters) {
    return (await this.answer(method, parameters)).data;
  }

  // The bytes of a download.
  async bytes(method, parameters) {
    const content = await this.#send(method, parameters, {});
    console.log(`ok ${method}, ${content.byteLength} bytes`);
    return content;
  }

  // A call that must be refused, in the published error shape.
  async refused(method, parameters) {
    let body;
    try {
      await this.#send(method, parameters);
    } catch (refusal) {
      body = refusal;
    }
    assert.equal(body?.success, false, `${method} ${JSON.stringify(parameters)}: ${explain(body)}`);
    assert.equal(typeof body.error, "string", `${method}: the refusal does not say why`);
    console.log(`ok ${method}, refused: ${body.error}`);
  }

  // Every row of a list with a cursor.
  async all(method, parameters = {}) {
    const rows = [];
    for (let cursor; cursor !== null; ) {
      const page = await this.answer(method, { ...parameters, ...(cursor && { cursor }) });
      assert.ok(Array.isArray(page.data), `${method}: data is no list`);
      rows.push(...page.data);
      cursor = page.additional_data.next_cursor;
      assert.ok(cursor === null || (typeof cursor === "string" && cursor !== ""), `${method}: odd cursor`);
    }
    return unrepeated(method, rows);
  }

  // Every row of a list with `start`; the place of the next page is published in two ways.
  async allByOffset(method, parameters = {}) {
    const rows = [];
    for (let start = 0, more = true; more; ) {
      const page = await this.answer(method, { ...parameters, start });
      rows.push(...(page.data ?? []));
      const place = page.additional_data.pagination ?? page.additional_data;
      more = place.more_items_in_collection;
      assert.equal(typeof more, "boolean", `${method}: does not say whether more follows`);
      start = more ? place.next_start ?? start + place.limit : start;
    }
    return unrepeated(method, rows);
  }
}

function explain(refusal) {
  if (refusal instanceof Error) return `${refusal.name}: ${refusal.message}`;
  return refusal === undefined ? "was not refused" : JSON.stringify(refusal);
}

function unrepeated(method, rows) {
  // Currencies of amounts are fields without an id.
  const ids = rows.map((row) => row.id ?? row.key).filter((id) => id !== undefined);
  assert.equal(new Set(ids).size, ids.length, `${method}: a row came twice`);
  return rows;
}

// That a list or search holds a row.
export function holds(rows, id) {
  assert.ok(rows.some((row) => row.id === id), `${id} is not among the ${rows.length} rows`);
}

export function lacks(rows, id) {
  assert.ok(!rows.some((row) => row.id === id), `${id} is still among the ${rows.length} rows`);
}
