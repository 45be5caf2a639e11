// The life of leads, notes, files and field definitions, and the reads of users.

import assert from "node:assert/strict";
import { holds, lacks } from "./client.mjs";

async function leads(client) {
  const body = { title: "Möwenschwarm", person_id: 1, value: { amount: 10, currency: "EUR" } };
  const { id } = await client.call("v1.Leads.addLead", { AddLeadRequest: body });
  assert.equal((await client.call("v1.Leads.getLead", { id })).title, body.title);
  holds(await client.allByOffset("v1.Leads.getLeads", { limit: 2 }), id);
  const changed = await client.call("v1.Leads.updateLead", { id, UpdateLeadRequest: { title: "Krähenschwarm" } });
  assert.equal(changed.title, "Krähenschwarm");
  for (const version of ["v1", "v2"]) {
    const found = await client.call(`${version}.Leads.searchLeads`, { term: "krähen" });
    holds(found.items.map((hit) => hit.item), id);
  }
  assert.ok(await client.call("v1.Leads.getLeadUsers", { id }));
  await client.call("v1.Leads.updateLead", { id, UpdateLeadRequest: { is_archived: true } });
  holds(await client.allByOffset("v1.Leads.getArchivedLeads"), id);
  await client.call("v1.Leads.updateLead", { id, UpdateLeadRequest: { is_archived: false } });
  const deal = await convert(client, "Leads.convertLeadToDeal", "Leads.getLeadConversionStatus", id);
  const back = await convert(client, "Deals.convertDealToLead", "Deals.getDealConversionStatus", deal.deal_id);
  await client.refused("v1.Leads.getLead", { id });
  await client.call("v1.Leads.deleteLead", { id: back.lead_id });
  await client.refused("v1.Leads.getLead", { id: back.lead_id });
}

// Starts a conversion and asks until it is done.
async function convert(client, start, ask, id) {
  const { conversion_id } = await client.call(`v2.${start}`, { id });
  for (let times = 0; times < 10; times += 1) {
    const job = await client.call(`v2.${ask}`, { id, conversion_id });
    if (job.status === "completed") return job;
  }
  throw new Error(`${start} does not end`);
}

async function notes(client) {
  const { id } = await client.call("v1.Notes.addNote", { AddNoteRequest: { content: "<b>Möwe</b>", deal_id: 1 } });
  assert.equal((await client.call("v1.Notes.getNote", { id })).content, "<b>Möwe</b>");
  holds(await client.allByOffset("v1.Notes.getNotes", { limit: 3 }), id);
  holds(await client.allByOffset("v1.Notes.getNotes", { deal_id: 1, sort: "update_time DESC" }), id);
  const changed = await client.call("v1.Notes.updateNote", { id, NoteRequest: { content: "Krähe" } });
  assert.equal(changed.content, "Krähe");
  const comment = await client.call("v1.Notes.addNoteComment", { id, CommentPostPutObject: { content: "Ja" } });
  const place = { id, commentId: comment.uuid };
  await client.call("v1.Notes.updateCommentForNote", { ...place, CommentPostPutObject: { content: "Nein" } });
  assert.equal((await client.call("v1.Notes.getComment", place)).content, "Nein");
  assert.equal((await client.allByOffset("v1.Notes.getNoteComments", { id })).length, 1);
  await client.call("v1.Notes.deleteComment", place);
  assert.equal(await client.call("v1.Notes.deleteNote", { id }), true);
  lacks(await client.allByOffset("v1.Notes.getNotes"), id);
  assert.equal((await client.call("v1.Notes.getNote", { id })).active_flag, false); // live accounts still answer
}

async function files(client) {
  const content = Buffer.from([0, 255, 13, 10, 45, 45, 13, 10, 7]);
  const file = new File([content], "Möwe.bin", { type: "application/octet-stream" });
  const { id } = await client.call("v1.Files.addFile", { file, deal_id: 1 });
  assert.equal((await client.call("v1.Files.getFile", { id })).file_size, content.length);
  holds(await client.allByOffset("v1.Files.getFiles", { limit: 1 }), id);
  holds(await client.allByOffset("v1.Deals.getDealFiles", { id: 1 }), id);
  assert.deepEqual(Buffer.from(await client.bytes("v1.Files.downloadFile", { id })), content);
  const changed = await client.call("v1.Files.updateFile", { id, name: "Krähe", description: "schwarz" });
  assert.equal(changed.description, "schwarz");
  const remote = { item_type: "deal", item_id: 1, remote_location: "googledrive" };
  const made = await client.call("v1.Files.addFileAndLinkIt", { ...remote, file_type: "gdoc", title: "Plan" });
  assert.equal(made.deal_id, 1);
  await client.call("v1.Files.linkFileToItem", { ...remote, remote_id: "abc" });
  assert.equal((await client.call("v1.Files.deleteFile", { id })).id, id);
  lacks(await client.allByOffset("v1.Files.getFiles"), id);
}

async function users(client) {
  const me = await client.call("v1.Users.getCurrentUser");
  holds(await client.call("v1.Users.getUsers"), me.id);
  assert.equal((await client.call("v1.Users.getUser", { id: me.id })).email, me.email);
  holds(await client.call("v1.Users.findUsersByName", { term: me.name.slice(0, 4) }), me.id);
  await client.call("v1.Users.getUserPermissions", { id: me.id });
  await client.call("v1.Users.getUserRoleSettings", { id: me.id });
  await client.allByOffset("v1.Users.getUserRoleAssignments", { id: me.id });
  await client.call("v1.Users.getUserFollowers", { id: me.id });
  await client.all("v2.Users.getUserFollowers", { id: me.id });
}

const FIELDS = ["Deal", "Person", "Organization", "Product", "Project"];

// A custom field of version 2, and its options.
async function fieldsV2(client, one) {
  const call = (name, parameters) => client.call(`v2.${one}Fields.${name}`, parameters);
  const made = { field_name: "Gefieder", field_type: "enum", options: [{ label: "weiß" }] };
  const { field_code } = await call(`add${one}Field`, { [`Add${one}FieldRequest`]: made });
  assert.match(field_code, /^[0-9a-f]{40}$/);
  assert.equal((await call(`get${one}Field`, { field_code })).field_name, made.field_name);
  const fields = await client.all(`v2.${one}Fields.get${one}Fields`, { limit: 7 });
  assert.equal(fields.filter((row) => row.field_code === field_code).length, 1);
  await call(`update${one}Field`, { field_code, [`Update${one}FieldRequest`]: { field_name: "Feder" } });
  await options(call, one, field_code);
  await call(`delete${one}Field`, { field_code });
  await client.refused(`v2.${one}Fields.get${one}Field`, { field_code });
}

async function options(call, one, field_code) {
  const body = (verb, ...rows) => ({ field_code, [`${verb}DealFieldOptionsRequestInner`]: rows });
  await call(`add${one}FieldOptions`, body("Add", { label: "grau" }));
  const kept = (await call(`get${one}Field`, { field_code })).options;
  assert.deepEqual(kept.map((option) => option.label), ["weiß", "grau"]);
  const [{ id }] = kept;
  await call(`update${one}FieldOptions`, body("Update", { id, label: "blau" }));
  await call(`delete${one}FieldOptions`, body("Delete", { id }));
}

async function fieldsV1(client, one) {
  const call = (name, parameters) => client.call(`v1.${one}Fields.${name}`, parameters);
  const common = ["CreateFieldRequest", "UpdateFieldRequest"];
  const [add, update] = one === "Product" ? ["ProductFieldAllOf", "UpdateProductFieldResponse"] : common;
  const { id } = await call(`add${one}Field`, { [add]: { name: "Schnabel", field_type: "varchar" } });
  assert.equal((await call(`get${one}Field`, { id })).name, "Schnabel");
  holds(await client.allByOffset(`v1.${one}Fields.get${one}Fields`, { limit: 10 }), id);
  await call(`update${one}Field`, { id, [update]: { name: "Kralle" } });
  await call(`delete${one}Field`, { id });
  lacks(await client.allByOffset(`v1.${one}Fields.get${one}Fields`), id);
}

// A value in a custom field, by its code, through both versions' ways of writing and searching.
async function customValue(client) {
  const made = { field_name: "Kennzeichen", field_type: "varchar" };
  const { field_code } = await client.call("v2.DealFields.addDealField", { AddDealFieldRequest: made });
  const body = { title: "Kenntlich", custom_fields: { [field_code]: "Lummerland 7" } };
  const deal = await client.call("v2.Deals.addDeal", { AddDealRequest: body });
  assert.equal(deal.custom_fields[field_code], "Lummerland 7");
  const found = await client.call("v2.Deals.searchDeals", { term: "lummerland", fields: "custom_fields" });
  holds(found.items.map((hit) => hit.item), deal.id);
  const wrong = { custom_fields: { [field_code]: 7 } };
  await client.refused("v2.Deals.updateDeal", { id: deal.id, UpdateDealRequest: wrong });
  const lead = { title: "Kenntlich", person_id: 1, [field_code]: "Lummerland 8" };
  assert.equal((await client.call("v1.Leads.addLead", { AddLeadRequest: lead }))[field_code], "Lummerland 8");
}

export async function company(client) {
  await leads(client);
  await notes(client);
  await files(client);
  await users(client);
  for (const one of FIELDS) await fieldsV2(client, one);
  for (const one of FIELDS.slice(0, 4)) await fieldsV1(client, one);
  await client.all("v2.ActivityFields.getActivityFields", { limit: 100 });
  await client.call("v2.ActivityFields.getActivityField", { field_code: "subject" });
  await client.call("v1.ActivityFields.getActivityFields");
  await customValue(client);
}
