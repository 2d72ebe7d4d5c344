// How cards begin while what draws them is not there yet, or can't be had.
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";

import { FOLDER, connect, definitions, home, markup, shown, text, warnings } from "./browser.mjs";

// Each test has scripts of its own, as a page has that was just opened.
let folder;
let script;
const folders = [];
const put = (name) => copyFile(new URL(name, FOLDER), join(folder, name));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "usms-"));
  folders.push(folder);
  await put("usms-dashboard.js");
  definitions.clear();
  warnings.length = 0;
  script = await import(pathToFileURL(join(folder, "usms-dashboard.js")));
});

after(() => Promise.all(folders.map((path) => rm(path, { recursive: true }))));

const card = (hass = home(), tag = "usms-meter-card") => shown(tag, { device: "electricity" }, hass);

test("the frontend knows a card and its size before it can be drawn", async () => {
  await put("usms-cards.js");
  const early = card();
  assert.equal(text(early), "");
  assert.match(markup(early), /^<ha-card/);
  assert.deepEqual([early.getCardSize(), early.getGridOptions().columns], [5, 12]);
  assert.equal(markup(card(home(), "usms-account-card")), "", "an account has mostly nothing to show");
  await script.load();
  assert.ok(text(early).includes("BND 7.85"));
  assert.ok(text(card()).includes("BND 7.85"), "from then on at once");
  assert.deepEqual(warnings, []);
});

test("a card is drawn with the last that it was given meanwhile", async () => {
  await put("usms-cards.js");
  const early = card();
  early.hass = home({ states: { electricity: { balance: ["1", { unit_of_measurement: "BND" }] } } });
  early.setConfig({ device: "electricity", language: "ms" });
  await script.load();
  assert.ok(text(early).includes("BND 1.00"));
  assert.ok(text(early).includes("Bulan ini"));
});

test("an account's card that is in the page already sees that it is looked at", async (t) => {
  await put("usms-cards.js");
  const hass = home({ states: { account: { sign_in_needed: ["on"] } } });
  const early = card(hass, "usms-account-card");
  connect(early);
  t.after(() => connect(early, false));
  await script.load();
  assert.deepEqual(hass.calls, []);
  IntersectionObserver.last.see(true);
  assert.equal(hass.calls.length, 1);
});

test("where it can't be had a card says so, and tries again the next time", async (t) => {
  const early = card();
  await script.load();
  assert.match(markup(early), /<ha-alert alert-type="warning">This can't be loaded at the moment/);
  assert.equal(warnings.length, 1);
  await put("usms-cards.js");
  early.hass = home();
  assert.equal(warnings.length, 1, "not with each state that changes");
  connect(early);
  t.after(() => connect(early, false));
  await script.load();
  assert.ok(text(early).includes("BND 7.85"));
  assert.ok(!markup(early).includes("ha-alert"));
});

test("a dashboard that is made brings it along, and does not need it", async () => {
  const { views } = await script.UsmsStrategy.generate({ language: "ms" }, home());
  assert.equal(views.length, 1);
  await script.load();
  assert.equal(warnings.length, 1, "it was asked for");
  const late = card(home());
  await script.load();
  assert.match(markup(late), /ha-alert/);
});

test("in Malay too", async () => {
  const late = shown("usms-facts-card", { device: "electricity", language: "ms" }, home());
  await script.load();
  assert.match(text(late), /^Tidak dapat dimuatkan buat masa ini/);
});
