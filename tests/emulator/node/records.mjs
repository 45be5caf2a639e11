// The life of the core records: deals, persons, organizations, activities, products, pipelines, stages.

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { holds, lacks } from "./client.mjs";

// As much of a PNG as tells its size: 128 by 128 pixels, the least that a picture may have.
const PNG = Buffer.from("89504e470d0a1a0a0000000d494844520000008000000080", "hex");
const VALUES = { name: "Zwölf Möwen GmbH", changed: "Dreizehn Krähen KG" };

// What differs: the singular and plural in method names, the key of the name, further keys, what search there is.
const RECORDS = [
  {
    one: "Organization",
    many: "Organizations",
    label: "name",
    search: "searchOrganization",
    more: { website: "https://moewen.example" },
  },
  {
    one: "Person",
    many: "Persons",
    label: "name",
    search: "searchPersons",
    more: { emails: [{ value: "m@moewen.example", primary: true, label: "work" }] },
  },
  { one: "Deal", many: "Deals", label: "title", search: "searchDeals", more: { value: 1200.5, currency: "EUR" } },
  {
    one: "Product",
    many: "Products",
    label: "name",
    search: "searchProducts",
    more: { code: "M-12", prices: [{ currency: "EUR", price: 9.5 }] },
  },
  {
    one: "Activity",
    many: "Activities",
    label: "subject",
    updateKey: "AddActivityRequest",
    more: { due_date: "2026-07-01", due_time: "10:30", type: "call" },
  },
  { one: "Pipeline", many: "Pipelines", label: "name", more: { is_deal_probability_enabled: false } },
  { one: "Stage", many: "Stages", label: "name", more: { pipeline_id: 1, deal_probability: 40 } },
];
const MERGED = { Deal: "Deals", Person: "Persons", Organization: "Organizations" };

// Adds a record, reads it back every way there is, changes it, and deletes it.
async function live(client, record) {
  const { one, many, label, search, more, updateKey = `Update${one}Request` } = record;
  const method = (name) => `v2.${many}.${name}`;
  const body = { [`Add${one}Request`]: { [label]: VALUES.name, ...more } };
  const added = await client.call(method(`add${one}`), body);
  const { id } = added;
  assert.equal(added[label], VALUES.name);
  const read = await client.call(method(`get${one}`), { id });
  // A live account may add the time of the update a moment later.
  if (added.update_time === null) added.update_time = read.update_time;
  for (const [key, value] of Object.entries(read)) assert.deepEqual(value, added[key], `${one}.${key}`);
  holds(await client.all(method(`get${many}`), { limit: 5 }), id);
  const newest = { sort_by: "update_time", sort_direction: "desc", limit: 100 };
  holds(await client.all(method(`get${many}`), newest), id);
  const changed = await client.call(method(`update${one}`), { id, [updateKey]: { [label]: VALUES.changed } });
  assert.equal(changed[label], VALUES.changed);
  assert.ok(changed.update_time >= added.update_time);
  if (search) await find(client, record, id);
  await client.refused(method(`update${one}`), { id, [updateKey]: { no_such_key: 1 } });
  if (one in MERGED) await merge(client, record, id);
  const gone = await client.call(method(`delete${one}`), { id });
  assert.deepEqual(gone, { id });
  lacks(await client.all(method(`get${many}`), { limit: 100 }), id);
  if (one === "Deal") assert.equal((await client.call(method("getDeal"), { id })).is_deleted, true);
  else await client.refused(method(`get${one}`), { id });
}

async function find(client, { one, many, label, search }, id) {
  const found = await client.call(`v2.${many}.${search}`, { term: "krähen", limit: 50 });
  holds(found.items.map((hit) => hit.item), id);
  const whole = { term: VALUES.changed, fields: label, exact_match: true };
  const exact = await client.call(`v2.${many}.${search}`, whole);
  holds(exact.items.map((hit) => hit.item), id);
  const kind = one.toLowerCase();
  const anywhere = await client.call("v2.ItemSearch.searchItem", { term: "krähen", item_types: kind });
  assert.ok(anywhere.items.every((hit) => hit.item.type === kind));
  holds(anywhere.items.map((hit) => hit.item), id);
  const field = { entity_type: kind, field: label, term: "Dreizehn", match: "beginning" };
  const fitting = await client.all("v2.ItemSearch.searchItemByField", { ...field, limit: 1 });
  holds(fitting.map((hit) => hit.item ?? hit), id); // published in two shapes
}

// Another record goes into this one.
async function merge(client, { one, many, label, more }, id) {
  const body = { [label]: "Vierzehn Dohlen", ...more };
  const other = await client.call(`v2.${many}.add${one}`, { [`Add${one}Request`]: body });
  const into = { [`Merge${many}Request`]: { merge_with_id: id } };
  const merged = await client.call(`v1.${many}.merge${many}`, { id: other.id, ...into });
  assert.equal(merged.id, id);
  lacks(await client.all(`v2.${many}.get${many}`, { limit: 100 }), other.id);
}

// What hangs on a record: followers in both versions, history, files, mail.
async function surround(client, { one, many, label }) {
  const id = 1;
  const followers = await client.all(`v2.${many}.get${one}Followers`, { id });
  for (const { user_id } of followers) {
    await client.call(`v2.${many}.delete${one}Follower`, { id, follower_id: user_id });
  }
  await client.call(`v2.${many}.add${one}Follower`, { id, AddDealFollowerRequest: { user_id: 2 } });
  const [seen] = (await client.call(`v1.${many}.get${one}Followers`, { id })) ?? [];
  assert.equal(seen.user_id, 2);
  await client.call(`v1.${many}.delete${one}Follower`, { id, follower_id: seen.id });
  await client.call(`v1.${many}.add${one}Follower`, { id, [`Add${one}FollowerRequest`]: { user_id: 3 } });
  assert.ok((await client.all(`v2.${many}.get${one}FollowersChangelog`, { id, limit: 1 })).length >= 3);
  await client.allByOffset(`v1.${many}.get${one}Files`, { id });
  assert.ok(await client.call(`v1.${many}.get${one}Users`, { id }));
  if (!(one in MERGED)) return;
  const flow = await client.allByOffset(`v1.${many}.get${one}Updates`, { id, limit: 2, all_changes: "1" });
  assert.ok(flow.length);
  await client.call(`v2.${many}.update${one}`, { id, [`Update${one}Request`]: { [label]: VALUES.changed } });
  const changes = await client.all(`v1.${many}.get${one}Changelog`, { id, limit: 50 });
  assert.equal(changes.find((row) => row.field_key === label).new_value, VALUES.changed);
  await client.allByOffset(`v1.${many}.get${one}MailMessages`, { id, limit: 1 });
}

// The products of a deal, its discount, and what they do to its value.
async function lines(client, id) {
  const line = { product_id: 1, item_price: 10, quantity: 2, tax: 0 };
  const call = (name, parameters) => client.call(`v2.DealProducts.${name}`, { id, ...parameters });
  const added = await call("addDealProduct", { AddDealProductRequest: line });
  await call("addManyDealProducts", { CreateManyDealProductRequest: { data: [line, line] } });
  assert.equal((await client.all("v2.DealProducts.getDealProducts", { id, limit: 2 })).length, 3);
  const several = await client.call("v2.DealProducts.getDealsProducts", { deal_ids: [id, 1], limit: 100 });
  assert.equal(several.filter((row) => row.deal_id === id).length, 3);
  const place = { product_attachment_id: added.id };
  await call("updateDealProduct", { ...place, UpdateDealProductRequest: { quantity: 5 } });
  let value;
  for (let reads = 0; value !== 90 && reads < 50; reads += 1) {
    await setTimeout(50); // live accounts compute it a moment later
    ({ value } = await client.call("v2.Deals.getDeal", { id }));
  }
  assert.equal(value, 90);
  await call("deleteDealProduct", place);
  const body = { description: "Fair", amount: 5, type: "percentage" };
  await client.call("v2.Deals.postAdditionalDiscount", { id, AddAdditionalDiscountRequestBody: body });
  const [discount] = await client.call("v2.Deals.getAdditionalDiscounts", { id });
  await client.call("v2.Deals.deleteAdditionalDiscount", { id, discount_id: discount.id });
}

async function deals(client) {
  const { id } = await client.call("v2.Deals.addDeal", { AddDealRequest: { title: "Lines" } });
  await lines(client, id);
  const body = { AddDealParticipantRequest: { person_id: 2 } };
  const person = await client.call("v1.Deals.addDealParticipant", { id, ...body });
  holds(await client.allByOffset("v1.Deals.getDealParticipants", { id }), person.id);
  await client.call("v1.Deals.deleteDealParticipant", { id, deal_participant_id: person.id });
  assert.equal((await client.all("v1.Deals.getDealParticipantsChangelog", { id })).length, 2);
  assert.notEqual((await client.call("v1.Deals.duplicateDeal", { id })).id, id);
  await client.call("v1.Deals.getDealsSummary", { status: "open" });
  const span = { start_date: "2026-01-01", interval: "month", amount: 6 };
  await client.call("v1.Deals.getDealsTimeline", { ...span, field_key: "add_time" });
  await client.call("v2.Deals.updateDeal", { id, UpdateDealRequest: { is_archived: true } });
  holds(await client.all("v2.Deals.getArchivedDeals", { limit: 100 }), id);
  await client.refused("v2.Deals.updateDeal", { id, UpdateDealRequest: { title: "Frozen" } });
}

async function pictures(client) {
  const file = new File([PNG], "face.png", { type: "image/png" });
  const picture = await client.call("v1.Persons.addPersonPicture", { id: 1, file });
  assert.equal((await client.call("v2.Persons.getPersonPicture", { id: 1 })).id, picture.id);
  await client.call("v1.Persons.deletePersonPicture", { id: 1 });
  const { id } = await client.call("v2.Products.duplicateProduct", { id: 1 });
  await client.call("v2.Products.uploadProductImage", { id, data: file });
  await client.call("v2.Products.getProductImage", { id });
  await client.call("v2.Products.updateProductImage", { id, data: file });
  await client.call("v2.Products.deleteProductImage", { id });
  const body = { AddProductVariationRequest: { name: "Blue", prices: [{ currency: "EUR", price: 3 }] } };
  const variation = await client.call("v2.Products.addProductVariation", { id, ...body });
  const kept = (await client.all("v2.Products.getProductVariations", { id })).find((row) => row.id === variation.id);
  assert.equal(kept.name, "Blue");
  const change = { product_variation_id: variation.id, UpdateProductVariationRequest: { name: "Red" } };
  assert.equal((await client.call("v2.Products.updateProductVariation", { id, ...change })).name, "Red");
  await client.call("v2.Products.deleteProductVariation", { id, product_variation_id: variation.id });
  await client.allByOffset("v1.Products.getProductDeals", { id: 1 });
  await client.allByOffset("v1.Persons.getPersonProducts", { id: 1 });
}

async function pipelines(client) {
  const span = { id: 1, start_date: "2026-01-01", end_date: "2026-12-31" };
  await client.call("v1.Pipelines.getPipelineConversionStatistics", span);
  await client.call("v1.Pipelines.getPipelineMovementStatistics", span);
  await client.allByOffset("v1.Pipelines.getPipelineDeals", { id: 1, limit: 2 });
  await client.allByOffset("v1.Stages.getStageDeals", { id: 1, limit: 2 });
}

export async function records(client) {
  for (const record of RECORDS) await live(client, record);
  for (const record of RECORDS.slice(0, 4)) await surround(client, record);
  await deals(client);
  await pictures(client);
  await pipelines(client);
}
