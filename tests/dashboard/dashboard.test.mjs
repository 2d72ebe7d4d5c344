import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, mock, test } from "node:test";

import { FOLDER, connect, definitions, frontendIsThere, home, labels, markup, shown, text, warnings } from "./browser.mjs";

const SCRIPTS = ["usms-dashboard.js", "usms-cards.js"].map((name) => new URL(name, FOLDER));
const [script, cards] = await Promise.all(SCRIPTS.map(({ href }) => import(href)));
await script.load(); // how cards begin before it is there: late.test.mjs
const NOW = new Date("2026-11-25T06:00:00Z"); // 14:00 in Brunei
const tick = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date"], now: NOW });
  warnings.length = 0;
});

const meterCard = (hass, config) => shown("usms-meter-card", { device: "electricity", ...config }, hass);

// --- the meter's card ---

test("a meter's card says what is left, how long it lasts, the month and the tier", () => {
  const card = meterCard(home());
  const read = text(card);
  for (const words of [
    "Electricity 0001",
    "BND 7.85",
    "101 kWh",
    "Lasts until Friday, December 4",
    "(November 30 – January 22)",
    "This month BND 5.82 of about BND 12.76",
    "Tier 1 of 4",
    "17.9 kWh left",
  ])
    assert.ok(read.includes(words), `${words} in ${read}`);
  assert.match(markup(card), /href="https:&#47;|href="https:\/\/portal\.example\/\?p=1&#38;s=h"/);
  assert.ok(!read.includes("Low credit"));
  assert.deepEqual(warnings, []);
});

// As the frontend has it where a person has disabled entities.
const without = (hass, device, ...keys) => {
  const left = Object.entries(hass.entities).filter(
    ([, { device_id, translation_key }]) => device_id !== device || !keys.includes(translation_key),
  );
  return { ...hass, entities: Object.fromEntries(left) };
};

test("a meter stays where a person has disabled some of its entities", async () => {
  const poor = without(home(), "electricity", "balance", "remaining_units", "runs_out", "top_up");
  poor.devices.electricity.configuration_url = "https://portal.example/top-up";
  assert.match(markup(meterCard(poor)), /href="https:\/\/portal\.example\/top-up"/);
  const read = text(meterCard(poor));
  assert.ok(read.includes("This month BND 5.82 of about BND 12.76"), read);
  assert.ok(!read.includes("not known"), read);
  assert.deepEqual(script.meters(poor).map(({ id }) => id), script.meters(home()).map(({ id }) => id));
  assert.deepEqual(warnings, []);
});

test("a meter that the account no longer has says so, and comes last", async () => {
  const hass = home({ states: { electricity: { status: ["gone"] } } });
  for (const { entity_id, device_id, translation_key } of Object.values(hass.entities))
    if (device_id === "electricity" && translation_key !== "status")
      hass.states[entity_id] = { entity_id, state: "unavailable", attributes: {} };
  const read = text(meterCard(hass));
  assert.ok(read.includes("No longer in the account"), read);
  for (const words of ["not known", "Top up", "This month"]) assert.ok(!read.includes(words), read);
  assert.ok(text(meterCard(hass, { language: "ms" })).includes("Tidak lagi ada dalam akaun"));
  assert.deepEqual(script.meters(hass).map(({ id }) => id), ["water", "electricity"]);
  assert.deepEqual(script.meters(home()).map(({ id }) => id), ["electricity", "water"]);
});

test("without its status, the integration itself says that the account has a meter no longer", async () => {
  let said = { gone: ["electricity"] };
  const callWS = async () => said;
  const states = { electricity: { balance: ["unavailable"], runs_out: ["unavailable"] } };
  const hass = without(home({ states, callWS }), "electricity", "status");
  hass.devices.electricity.configuration_url = "https://portal.example/top-up";
  const [card, water] = [meterCard(hass), meterCard(hass, { device: "water" })];
  await tick();
  assert.ok(text(card).includes("No longer in the account"), text(card));
  for (const words of ["not known", "Top up"]) assert.ok(!text(card).includes(words), text(card));
  assert.ok(!text(water).includes("No longer"), text(water));
  said = { gone: [] };
  mock.timers.setTime(NOW.getTime() + 60_000);
  card.update();
  await tick();
  assert.ok(!text(card).includes("No longer"), text(card));
});

test("no credit is never a day until which it lasts, also where the balance is not available", async () => {
  const states = {
    electricity: { balance: ["unknown"], runs_out: ["2026-11-25T04:00:00Z"], days_left: ["0"] },
  };
  const balances = { electricity: { balance: -996.04, read_at: "2026-11-25T04:00:00Z" } };
  const callWS = async () => ({ balances });
  const card = meterCard(home({ states, callWS }));
  await tick();
  assert.ok(text(card).includes("Nothing left"), text(card));
  assert.ok(!text(card).includes("last until"), text(card));
});

test("a screen reader hears each line as a whole", () => {
  assert.deepEqual(labels(meterCard(home())), [
    "BND 7.85, 101 kWh",
    "Lasts until Friday, December 4, between November 30 and January 22",
    "This month: BND 5.82 of about BND 12.76, between BND 6.55 and BND 13.40",
    "Tier 1 of 4, 17.9 kWh left",
  ]);
});

test("the month's bar shades the range and marks the forecast", () => {
  const bar = markup(meterCard(home())).match(/<span class="bar">.*?<\/span>/s)[0];
  assert.match(bar, /class="is" style="width:43\.4%"/);
  assert.match(bar, /class="may" style="margin-inline-start:48\.9%;\s+width:51\.1%"/);
  assert.match(bar, /class="mark"\s+style="margin-inline-start:calc\(95\.2% - 2px\)"/);
});

test("the range may have other names", () => {
  const states = {
    electricity: {
      runs_out: ["2026-12-04T04:00:00Z", { low: "2026-12-01T04:00:00Z", high: "2026-12-09T04:00:00Z" }],
    },
  };
  assert.ok(text(meterCard(home({ states }))).includes("(December 1 – December 9)"));
});

test("Malay where it is chosen, or where the browser is in Malay and nothing was chosen", () => {
  const malay = text(meterCard(home(), { language: "ms" }));
  for (const words of ["Elektrik 0001", "Cukup sehingga Jumaat, 4 Disember", "Bulan ini BND 5.82 daripada", "Tahap 1 daripada 4"])
    assert.ok(malay.includes(words), `${words} in ${malay}`);
  const cases = [
    [{}, {}, "en"],
    [{ language: "ms" }, {}, "ms"],
    [{ language: "ms-BN" }, { language: "en" }, "en"],
    [{ config: { language: "ms" } }, {}, "ms"],
    [{ language: "he" }, { language: "xx" }, "en"],
  ];
  for (const [hass, config, language] of cases)
    assert.equal(script.languageOf({ ...home(), ...hass }, config), language);
});

test("both languages have the same words, but for errors, which Home Assistant has in English", () => {
  const { en, ms } = cards.TEXTS;
  const errors = ["cannot_connect", "portal_unavailable", "password_refused"];
  assert.deepEqual(Object.keys(ms).filter((key) => !errors.includes(key)), Object.keys(en));
  const places = (words) => words.match(/\{\w+\}/g)?.sort();
  for (const key of Object.keys(en)) assert.deepEqual(places(ms[key]), places(en[key]), key);
});

test("no words that nothing shows", () => {
  const starts = ["// --- languages", "// --- numbers and days"];
  const code = SCRIPTS.map((path, i) => readFileSync(path, "utf8").split(starts[i])[1]).join();
  const named = ["sending", "drawing", ...["captcha_refused", "captcha_expired"], ...["month", "day", "year"]];
  for (const key of Object.keys(cards.TEXTS.en))
    assert.ok(named.includes(key) || new RegExp(`text\\.${key}\\b|"${key}"|\\b${key}[,} ]`).test(code), key);
});

test("low credit and a sign-in that is needed stand on the card", () => {
  const states = {
    account: { sign_in_needed: ["on"] },
    electricity: { low_credit: ["on"], days_left: ["1.3"] },
  };
  const card = meterCard(home({ states }));
  assert.ok(text(card).includes("Low credit: about 1 day left"));
  assert.ok(text(card).includes("Sign-in needed"));
  assert.match(markup(card), /class="balance\s+low"/);
});

for (const [what, as_of, words] of [
  ["today", "2026-11-25T10:10:00+08:00", "as of 10:10"],
  ["a day before", "2026-11-24T10:10:00+08:00", "as of November 24 at 10:10"],
  ["minutes ago, where the last poll failed", "2026-11-25T13:50:00+08:00", "as of 1:50"],
])
  test(`an old balance says as of when it is true: ${what}`, () => {
    const states = { electricity: { balance: ["7.85", { unit_of_measurement: "BND", as_of }] } };
    const card = meterCard(home({ states }));
    assert.ok(text(card).includes(words), text(card));
    assert.match(markup(card), /class="balance old/);
  });

test("a fresh balance does not", () => {
  const states = { electricity: { balance: ["7.85", { unit_of_measurement: "BND" }] } };
  assert.ok(!text(meterCard(home({ states }))).includes("as of"));
});

test("this month says until when it is counted, where today is not", () => {
  const shown = (last_day, key = "cost_this_month", language = "en") => {
    const counted = { electricity: { cost_this_month: key === "cost_this_month" ? ["5.82", { last_day }] : undefined } };
    counted.electricity.consumption_this_month = ["582.06", { last_day, unit_of_measurement: "kWh" }];
    return meterCard(home({ states: counted }), { language });
  };
  assert.match(text(shown("2026-11-25")), /This month BND 5\.82/);
  assert.match(text(shown("2026-11-24")), /This month until Nov 24 BND 5\.82 of about/);
  assert.match(text(shown("2026-11-24", "none")), /This month until Nov 24 582 kWh/);
  assert.match(text(shown("2026-11-24", "cost_this_month", "ms")), /Bulan ini hingga 24 Nov BND/);
  assert.match(text(shown(null)), /This month BND 5\.82/);
  assert.ok(labels(shown("2026-11-24")).some((label) => label.startsWith("This month until Nov 24: BND 5.82")));
  // Its days are Brunei's: until midnight there, today is the 25th.
  mock.timers.setTime(Date.parse("2026-11-25T23:59:00+08:00"));
  assert.match(text(shown("2026-11-25")), /This month BND/);
  mock.timers.setTime(Date.parse("2026-11-26T00:00:30+08:00"));
  assert.match(text(shown("2026-11-25")), /This month until Nov 25 BND/);
});

test("a balance that is not available is the last that was read, as of when that was", async () => {
  const states = { electricity: { balance: ["unavailable", { unit_of_measurement: "BND" }] } };
  const asked = [];
  const balances = { electricity: { balance: 8.2, read_at: "2026-11-25T12:23:00+08:00" } };
  const callWS = async (message) => {
    asked.push(message.type);
    return { gone: [], balances };
  };
  const hass = home({ states, callWS });
  const card = meterCard(hass);
  assert.ok(text(card).includes("Balance not known yet"));
  await tick();
  assert.match(text(card), /BND 8\.20 as of 12:23/);
  card.hass = { ...hass, devices: { ...hass.devices } };
  assert.deepEqual(asked, ["usms/account"]);
});

test("when a state changed is never shown as when the balance was read", async () => {
  // Read every ten minutes without a change, until the meter went.
  const fresh = home();
  const { entity_id: id } = Object.values(fresh.entities).find(
    ({ device_id, translation_key: key }) => device_id === "electricity" && key === "balance",
  );
  const card = meterCard(fresh);
  assert.ok(text(card).includes("BND 7.85"));
  mock.timers.setTime(NOW.getTime() + 23 * 60_000);
  card.update();
  let answer;
  const callWS = () => new Promise((resolve) => (answer = resolve));
  const { [id]: _, ...states } = fresh.states;
  card.hass = { ...fresh, states, callWS };
  assert.ok(text(card).includes("BND 7.85"), text(card));
  assert.ok(!text(card).includes("as of"), text(card));
  answer({ balances: { electricity: { balance: 7.85, read_at: "2026-11-25T14:20:00+08:00" } } });
  await tick();
  assert.match(text(card), /BND 7\.85 as of 2:20.PM/);
  // It is back, and gone again: what was said before is not of that time.
  card.hass = { ...fresh, callWS };
  card.hass = { ...fresh, states, callWS };
  assert.ok(text(card).includes("BND 7.85"), text(card));
  assert.ok(!text(card).includes("as of"), text(card));
});

for (const [what, broken] of [
  ["no state at all", undefined],
  ["unknown", ["unknown"]],
  ["unavailable", ["unavailable"]],
  ["nonsense", ["nonsense", { tiers: "x", low: "x", early: "x", amount: "x" }]],
  ["empty", ["", { tiers: null, low: null, late: null }]],
])
  test(`cards never throw: every entity is ${what}`, async () => {
    const all = (device) =>
      Object.fromEntries(
        Object.values(home().entities)
          .filter(({ device_id }) => device_id === device)
          .map(({ translation_key }) => [translation_key, broken]),
      );
    const states = { account: all("account"), electricity: all("electricity"), water: all("water") };
    const hass = home({ states });
    for (const device of ["electricity", "water"])
      for (const tag of ["usms-meter-card", "usms-usage-card", "usms-facts-card"])
        assert.ok(text(shown(tag, { device }, hass)).length > 5, tag);
    shown("usms-account-card", { account: "account" }, hass);
    await tick();
    assert.deepEqual(warnings, []);
    assert.equal((await script.UsmsStrategy.generate({}, hass)).views.length, 1);
  });

for (const [what, config] of [
  ["none", undefined],
  ["of a meter that is gone", { device: "gone" }],
  ["without a meter", {}],
  ["with nonsense", { device: 7, show: "century", language: 3 }],
])
  test(`cards never throw: configuration ${what}`, () => {
    for (const tag of definitions.keys()) {
      if (!tag.endsWith("card")) continue;
      const card = shown(tag, config, home());
      const said = config?.device ? `no meter with the device “${config.device}”` : "Choose a meter";
      if (tag !== "usms-account-card") assert.ok(text(card).includes(said), text(card));
    }
  });

test("what is configured wrongly is named", () => {
  const bogus = shown("usms-usage-card", { device: "electricity", show: "bogus" }, home());
  assert.match(text(bogus), /“show: bogus” is not known\. It is month, day or year/);
  const hass = home({ states: { account: { sign_in_needed: ["on"] } } });
  const lost = shown("usms-account-card", { account: "gone" }, hass);
  connect(lost);
  IntersectionObserver.last.see(true);
  connect(lost, false);
  assert.match(text(lost), /no account with the device “gone”/);
  assert.equal(lost.hidden, false);
  assert.deepEqual(hass.calls, [], "it signs in to no other account");
});

test("cards never throw: a frontend that lacks all but states", () => {
  for (const tag of definitions.keys())
    if (tag.endsWith("card")) shown(tag, { device: "electricity" }, { states: {} });
  assert.deepEqual(warnings, []);
});

test("text of others is escaped", () => {
  const hass = home();
  hass.devices.electricity.name_by_user = `<img src=x onerror="alert(1)">`;
  assert.ok(text(meterCard(hass)).includes(`<img src=x onerror="alert(1)">`));
  assert.ok(!markup(meterCard(hass)).includes("<img"));
  const states = { electricity: { balance: ["1", { top_up_url: "javascript:alert(1)" }] } };
  assert.ok(!markup(meterCard(home({ states }))).includes("javascript:"));
});

test("a card is drawn again only when what it shows has changed", () => {
  const hass = home();
  const card = meterCard(hass);
  let bodies = 0;
  const { painter } = card;
  const { body } = painter;
  painter.body = (...all) => (bodies++, body.apply(painter, all));
  card.hass = { ...hass, states: { ...hass.states, "sensor.other": { state: "1" } } };
  assert.equal(bodies, 0);
  const [id] = Object.values(hass.entities)
    .filter(({ translation_key, device_id }) => translation_key === "balance" && device_id === "electricity")
    .map(({ entity_id }) => entity_id);
  card.hass = { ...hass, states: { ...hass.states, [id]: { ...hass.states[id], state: "1.00" } } };
  assert.equal(bodies, 1);
  assert.ok(text(card).includes("BND 1.00"));
});

// --- numbers and days ---

for (const [number_format, language, expected] of [
  ["language", "en", "1,234.5"],
  ["language", "de", "1.234,5"],
  ["comma_decimal", "de", "1,234.5"],
  ["decimal_comma", "en", "1.234,5"],
  ["space_comma", "en", "1 234,5"],
  ["quote_decimal", "en", /^1['’]234\.5$/],
  ["none", "de", "1234.5"],
])
  test(`numbers as the frontend writes them: ${number_format}, ${language}`, () => {
    const hass = { locale: { number_format, language } };
    const written = cards.number(hass, 1234.5).replace(/\s/g, " ");
    if (expected instanceof RegExp) assert.match(written, expected);
    else assert.equal(written, expected);
  });

for (const [zone, parts, expected] of [
  ["Asia/Brunei", [2026, 10, 1], "2026-10-31T16:00:00.000Z"],
  ["Asia/Brunei", [2026, 12, 1], "2026-12-31T16:00:00.000Z"],
  ["UTC", [2026, 0, 32], "2026-02-01T00:00:00.000Z"],
  ["Europe/Berlin", [2026, 2, 29], "2026-03-28T23:00:00.000Z"],
  ["Europe/Berlin", [2026, 2, 30], "2026-03-29T22:00:00.000Z"],
  ["America/New_York", [2026, 10, 1], "2026-11-01T04:00:00.000Z"],
  ["Pacific/Apia", [2026, 0, 1], "2025-12-31T11:00:00.000Z"],
])
  test(`a day begins at midnight: ${zone} ${parts}`, () => {
    assert.equal(cards.midnight(...parts, zone).toISOString(), expected);
  });

test("the bars of a month are its days, those of a day its hours, those of a year its months", () => {
  const month = cards.starts("month", NOW, "Asia/Brunei");
  assert.equal(month.length, 31);
  assert.equal(month[0].toISOString(), "2026-10-31T16:00:00.000Z");
  assert.equal(month.at(-1).toISOString(), "2026-11-30T16:00:00.000Z");
  const day = cards.starts("day", NOW, "Asia/Brunei");
  assert.equal(day.length, 25);
  assert.equal(day[0].toISOString(), "2026-11-23T16:00:00.000Z");
  const year = cards.starts("year", NOW, "Asia/Brunei");
  assert.equal(year.length, 13);
  assert.equal(year[0].toISOString(), "2025-11-30T16:00:00.000Z");
  const longest = cards.starts("day", new Date("2026-10-26T12:00:00Z"), "Europe/Berlin");
  assert.equal(longest.length, 26);
});

for (const [largest, end] of [[0, 1], [0.02, 0.02], [0.93, 1], [1.6, 2], [27.9, 30], [61, 80], [950, 1000]])
  test(`a scale that reads well: ${largest}`, () => {
    assert.ok(Math.abs(cards.scale(largest) - end) < 1e-9);
  });

// --- use over time ---

const statistics = (rows) => async (message) => {
  statistics.asked.push(message);
  const [use, cost] = message.statistic_ids;
  return {
    [use]: rows.map(([start, change]) => ({ start: +new Date(start), change })),
    [cost]: rows.map(([start, , change]) => ({ start: +new Date(start), change })),
  };
};

beforeEach(() => (statistics.asked = []));

test("the month's days come from the statistics of the meter's number", async () => {
  const callWS = statistics([
    ["2026-10-31T16:00:00Z", 20.5, 0.21],
    ["2026-11-02T16:00:00Z", 0, 0],
    ["2026-11-24T16:00:00Z", 3.25, 0.03],
  ]);
  const card = shown("usms-usage-card", { device: "electricity" }, home({ callWS }));
  assert.ok(text(card).includes("Reading statistics"));
  await tick();
  assert.deepEqual(statistics.asked, [
    {
      type: "recorder/statistics_during_period",
      start_time: "2026-10-31T16:00:00.000Z",
      end_time: "2026-11-30T16:00:00.000Z",
      statistic_ids: ["usms:electricity_10000001_consumption", "usms:electricity_10000001_cost"],
      period: "day",
      types: ["change"],
      units: { energy: "kWh", volume: "m³" },
    },
  ]);
  assert.ok(text(card).includes("Use per day 23.8 kWh · BND 0.24"), text(card));
  const slots = [...markup(card).matchAll(/data-i="(\d+)">(<i class="(\w*)" style="height:([\d.]+)%)?/g)];
  assert.equal(slots.length, 30);
  const drawn = slots.filter((slot) => slot[2]).map(([, i, , kind, height]) => [i, kind, height]);
  assert.deepEqual(drawn, [["0", "", "68.3"], ["2", "", "0.0"], ["24", "now", "10.8"]]);
  assert.match(labels(card)[0], /^Use per day: 23\.8 kWh · BND 0\.24; most: Sun, Nov 1 · 20\.5 kWh/);
});

test("the last twelve months are a table with costs, newest first", async () => {
  const callWS = statistics([
    ["2026-09-30T16:00:00Z", 547, 5.47],
    ["2026-10-31T16:00:00Z", 582, 5.82],
  ]);
  const card = shown("usms-usage-card", { device: "electricity", show: "year" }, home({ callWS }));
  await tick();
  const read = text(card);
  assert.match(read, /Nov 2026 so far 582 kWh BND 5\.82 Oct 2026 547 kWh BND 5\.47$/);
});

test("a day's total that stands at midnight is no hour", async () => {
  const callWS = statistics([["2026-11-23T16:00:00Z", 0.99, 0.1]]);
  const day = (device) => shown("usms-usage-card", { device, show: "day" }, home({ callWS }));
  const water = day("water");
  assert.equal(text(water), "Use per hour The portal has no hours of this meter");
  assert.deepEqual(statistics.asked, []);
  const card = day("electricity");
  await tick();
  assert.equal(
    text(card),
    "Use per hour The hours of November 24 are not there yet; of the whole day: 0.99 kWh",
  );
});

test("statistics are asked for anew when figures move, and not else", async () => {
  const hass = home({ callWS: statistics([["2026-10-31T16:00:00Z", 1, 1]]) });
  const card = shown("usms-usage-card", { device: "electricity" }, hass);
  await tick();
  card.update();
  card.hass = { ...hass, devices: { ...hass.devices } };
  assert.equal(statistics.asked.length, 1);
  const id = Object.values(hass.entities).find(
    ({ translation_key, device_id }) => translation_key === "consumption_this_month" && device_id === "electricity",
  ).entity_id;
  card.hass = { ...hass, states: { ...hass.states, [id]: { ...hass.states[id], state: "583" } } };
  assert.equal(statistics.asked.length, 2);
  assert.ok(text(card).includes("Use per day"), "what was read stays while it is read anew");
  mock.timers.setTime(new Date("2026-12-01T02:00:00Z").getTime());
  card.update();
  await tick();
  assert.equal(statistics.asked.at(-1).start_time, "2026-11-30T16:00:00.000Z");
});

test("without readings, and where the recorder fails, the card says so", async () => {
  const empty = shown("usms-usage-card", { device: "electricity" }, home());
  const callWS = async () => {
    throw { code: "unknown_error" };
  };
  const failed = shown("usms-usage-card", { device: "electricity" }, home({ callWS }));
  await tick();
  assert.ok(text(empty).includes("No readings yet"));
  assert.ok(text(failed).includes("can't be read at the moment"));
});

test("facts: yesterday, last month, top-ups", () => {
  const read = text(shown("usms-facts-card", { device: "electricity" }, home()));
  for (const words of [
    "Used yesterday 23.7 kWh",
    "Cost last month BND 5.47",
    "Last top-up BND 10.00 November 4",
    "Topped up this month BND 10.00",
  ])
    assert.ok(read.includes(words), `${words} in ${read}`);
});

// --- the account ---

const needed = (captcha) => ({
  account: {
    sign_in_needed: ["on"],
    ...(captcha && { captcha: [captcha, { entity_picture: "/api/image_proxy/image.x?token=1" }] }),
  },
});

const account = (hass, { see = true, ...config } = {}) => {
  const card = shown("usms-account-card", { account: "account", ...config }, hass);
  connect(card);
  if (see) IntersectionObserver.last.see(true);
  card.disconnect = () => connect(card, false);
  return card;
};

test("the account's card is there only while there is something to say", async (t) => {
  const hass = home();
  const card = account(hass);
  t.after(card.disconnect);
  assert.equal(card.hidden, true);
  const states = { account: { history_progress: [40, { minutes_left: 3 }] } };
  card.hass = home({ states });
  assert.equal(card.hidden, false);
  assert.ok(text(card).includes("History is being read: 40% about 3 minutes left"), text(card));
  card.hass = hass;
  assert.equal(card.hidden, true);
  assert.deepEqual(
    card.events.filter(({ type }) => type === "card-visibility-changed").map(({ detail }) => detail.value),
    [true, false],
  );
});

test("before all days are found no share of the history is shown", (t) => {
  const shown = (attributes, state = "unknown", language = "en") => {
    const known = { days_complete: false, minutes_left: null, next_try: null, ...attributes };
    const card = account(home({ states: { account: { history_progress: [state, known] } } }), { language });
    t.after(card.disconnect);
    return card.hidden ? "" : text(card);
  };
  assert.equal(shown(), "History is being read");
  assert.equal(shown({}, "unknown", "ms"), "Sejarah sedang dibaca");
  assert.match(shown({ next_try: "2026-11-25T06:18:00+00:00" }), /^History waits for the portal next try 2:18.PM$/);
  assert.equal(shown({ days_complete: null }), "");
  assert.equal(shown({ days_complete: true }, 100), "");
  assert.equal(shown({ days_complete: false }, 90), "History is being read: 90%");
});

test("while history waits for the portal the card says until when", async (t) => {
  const waits = (next_try, language) => {
    const states = { account: { history_progress: [40, { minutes_left: null, next_try }] } };
    const card = account(home({ states }), { language });
    t.after(card.disconnect);
    return text(card);
  };
  const soon = "2026-11-25T06:18:00+00:00";
  const read = waits(soon);
  assert.match(read, /History waits for the portal: 40% read next try 2:18.PM/);
  assert.ok(!read.includes("being read"));
  assert.match(waits("2026-11-25T05:59:00+00:00"), /History is being read: 40%/);
  assert.match(waits(null), /History is being read: 40%/);
});

test("while the portal can't be read a sentence says since when", async (t) => {
  let said = { needed: false, picture: null, gone: [], unread_since: "2026-11-24T04:06:00+00:00" };
  const callWS = async () => said;
  const hass = home({ callWS });
  const [card, malay] = [account(hass), account(hass, { language: "ms" })];
  t.after(card.disconnect);
  t.after(malay.disconnect);
  await tick();
  assert.equal(card.hidden, false);
  assert.match(text(card), /^The portal can't be read since November 24 at 12:06.PM\.$/);
  assert.ok(text(malay).startsWith("Portal tidak dapat dibaca sejak 24 November"), text(malay));
  // With another account its name is there; with history that waits, both are.
  const states = { account: { history_progress: [40] } };
  const two = home({ callWS, states });
  two.devices.other = { ...two.devices.account, id: "other", primary_config_entry: "other", identifiers: [["usms", "other"]] };
  const first = account(two);
  t.after(first.disconnect);
  await tick();
  assert.match(text(first), /USMS account: The portal can't be read since .* USMS account: History is being read: 40%/);
  said = { needed: false, picture: null, gone: [], unread_since: null };
  mock.timers.setTime(NOW.getTime() + 60_000);
  card.update();
  await tick();
  assert.equal(card.hidden, true);
  assert.deepEqual(warnings, []);
});

test("the picture is drawn when a person sees the card, once", async (t) => {
  const hass = home({ states: needed() });
  const card = account(hass, { see: false });
  t.after(card.disconnect);
  assert.deepEqual(hass.calls, []);
  assert.ok(!markup(card).includes("<img"));
  IntersectionObserver.last.see(true);
  await tick();
  card.update();
  assert.deepEqual(hass.calls, [["usms", "sign_in", { account: "entry" }, undefined, false, true]]);
});

test("a picture that waits already is shown, not drawn anew", async (t) => {
  const hass = home({ states: needed("2026-11-25T05:58:00+00:00") });
  const card = account(hass);
  t.after(card.disconnect);
  await tick();
  assert.deepEqual(hass.calls, []);
  assert.match(
    markup(card),
    /<img src="http:\/\/home\/api\/image_proxy\/image\.x\?token=1&#38;state=2026-11-25T05:58:00\+00:00" alt="Captcha/,
  );
});

test("without its entities, the integration itself says that a sign-in is needed", async (t) => {
  const url = "data:image/png;base64,AAAA";
  let said = { needed: true, picture: { drawn_at: "2026-11-25T05:58:00+00:00", url } };
  const asked = [];
  const callWS = async (message) => (asked.push(message), said);
  const hass = without(home({ callWS }), "account", "sign_in_needed", "captcha");
  const card = account(hass);
  t.after(card.disconnect);
  const meter = meterCard(hass);
  await tick();
  assert.equal(card.hidden, false);
  assert.match(markup(card), /<img src="data:image&#47;png|<img src="data:image\/png;base64,AAAA"/);
  assert.ok(text(meter).includes("Sign-in needed: nothing is read until then"));
  assert.deepEqual(asked, Array(2).fill({ type: "usms/account", account: "entry" }));
  card.update();
  assert.equal(asked.length, 2, "not with each look");
  said = { needed: false, picture: null };
  await card.painter.signIn("ab12c");
  assert.equal(card.hidden, true);
  mock.timers.setTime(NOW.getTime() + 60_000);
  meter.update();
  await tick();
  assert.ok(!text(meter).includes("Sign-in needed"));
});

test("where no picture comes, a sentence says what to do", async (t) => {
  const card = account(home({ states: needed() }));
  t.after(card.disconnect);
  await tick();
  await tick();
  assert.ok(text(card).includes("Sign in under Settings, Devices & services, USMS"), text(card));
});

test("what was typed stays with its picture, and a word says where that has changed", async (t) => {
  const waits = (at, token) =>
    home({
      states: {
        account: { sign_in_needed: ["on"], captcha: [at, { entity_picture: `/api/x?token=${token}` }] },
      },
    });
  const card = account(waits("2026-11-25T05:58:00+00:00", 1));
  t.after(card.disconnect);
  // As in a browser, what is drawn anew has an empty field.
  const field = { value: "" };
  let drawn = card.shadowRoot.innerHTML;
  Object.defineProperty(card.shadowRoot, "innerHTML", {
    get: () => drawn,
    set: (text) => ((drawn = text), (field.value = "")),
  });
  card.shadowRoot.querySelector = (what) => (what === "input" ? field : null);
  field.value = "ab1";
  card.hass = waits("2026-11-25T05:58:00+00:00", 2);
  assert.match(markup(card), /token=2/);
  assert.equal(field.value, "ab1");
  card.hass = waits("2026-11-25T05:59:00+00:00", 3);
  assert.equal(field.value, "");
  assert.ok(text(card).includes("The picture has changed. Type what the new one shows."), text(card));
});

test("with two accounts, the history that is read names its own", async (t) => {
  const hass = home({ states: { account: { history_progress: [15, {}] } } });
  const other = { id: "other", name: "USMS account 4321", primary_config_entry: "second" };
  hass.devices.other = { ...other, identifiers: [["usms", "second"]] };
  hass.devices.account.name = "USMS account 1234";
  const card = account(hass);
  t.after(card.disconnect);
  assert.ok(text(card).includes("USMS account 1234: History is being read: 15%"), text(card));
  const malay = account(hass, { language: "ms" });
  t.after(malay.disconnect);
  assert.ok(text(malay).includes("Akaun USMS 1234: Sejarah sedang dibaca: 15%"), text(malay));
  hass.devices.account.name = "Akaun USMS 1234 (2)"; // Home Assistant's own language
  assert.equal(script.thing(hass, "account").name("en"), "USMS account 1234 (2)");
  hass.devices.account.name_by_user = "   ";
  assert.equal(script.thing(hass, "account").name("ms"), "Akaun USMS 1234 (2)");
  hass.devices.account.name_by_user = "Kedai";
  assert.equal(script.thing(hass, "account").name("ms"), "Kedai");
  assert.deepEqual(script.accounts(hass).map(({ id }) => id), ["account", "other"]);
  hass.devices.other.disabled_by = "config_entry";
  assert.deepEqual(script.accounts(hass).map(({ id }) => id), ["account"]);
});

test("an answer is sent, and why it did not do is said", async (t) => {
  const hass = home({ states: needed("2026-11-25T05:58:00+00:00") });
  const answers = [{ signed_in: false, reason: "captcha_refused" }, { signed_in: true, reason: null }];
  const sent = [];
  hass.callService = async (_domain, _name, data) => (sent.push(data), { response: answers.shift() });
  const card = account(hass);
  t.after(card.disconnect);
  await card.painter.signIn("ab12c");
  assert.ok(text(card).includes("That was not what the picture showed"));
  await card.painter.signIn("xy34z");
  assert.ok(text(card).includes("Signed in. The figures are being read."));
  assert.deepEqual(sent, [
    { account: "entry", captcha: "ab12c" },
    { account: "entry", captcha: "xy34z" },
  ]);
});

test("after a refused password nothing is sent again by itself, nor after a reload", async (t) => {
  const hass = home({ states: needed() });
  let sent = 0;
  hass.callService = async () => {
    sent += 1;
    throw { code: "home_assistant_error", translation_key: "password_refused", message: "no" };
  };
  hass.loadBackendTranslation = async (category, domain) => (path) =>
    `${category} ${domain} ${path}`;
  const card = account(hass);
  await tick();
  await tick();
  assert.equal(sent, 1);
  assert.ok(text(card).includes("exceptions usms component.usms.exceptions.password_refused.message"));
  card.disconnect();
  const again = account(home({ states: needed(), callService: hass.callService }));
  t.after(again.disconnect);
  await tick();
  assert.equal(sent, 1);
  assert.ok(text(again).includes("password_refused"));
  const signedIn = account(home());
  signedIn.disconnect();
});

test("the portal out of reach is said, in Malay too", async (t) => {
  const hass = home({ states: needed() });
  hass.callService = async () => {
    throw { translation_key: "cannot_connect", message: "The USMS portal can't be reached." };
  };
  const card = shown("usms-account-card", { account: "account", language: "ms" }, hass);
  localStorage.removeItem("usms-refused-entry");
  connect(card);
  t.after(() => connect(card, false));
  IntersectionObserver.last.see(true);
  await tick();
  await tick();
  assert.ok(text(card).includes("Portal USMS tidak dapat dihubungi."), text(card));
});

// --- the dashboard ---

const types = (view) => view.sections.map(({ cards }) => cards.map((card) => [card.type, card.device ?? card.account, card.show].filter(Boolean).join(" ")));

test("the dashboard: signing in, then every balance, then each meter's charts", async () => {
  const hass = home();
  const { title, views } = await script.UsmsStrategy.generate({}, hass);
  assert.equal(title, "USMS");
  assert.deepEqual(types(views[0]), [
    ["custom:usms-account-card account"],
    ["custom:usms-meter-card electricity"],
    ["custom:usms-meter-card water"],
    [
      "heading",
      "custom:usms-usage-card electricity month",
      "custom:usms-facts-card electricity",
      "custom:usms-usage-card electricity day",
      "custom:usms-usage-card electricity year",
    ],
    ["heading", "custom:usms-usage-card water month", "custom:usms-facts-card water", "custom:usms-usage-card water year"],
  ]);
  // Nothing hangs on an entity's id, for a person may take control and rename it.
  assert.ok(!Object.keys(hass.entities).some((id) => JSON.stringify(views).includes(`"${id}"`)));
});

test("meters stand by account, electricity first, as they are numbered", () => {
  const hass = home({ meters: [] });
  for (const [id, entry, serial] of [
    ["a", "2", "10000001"],
    ["b", "1", "2000000002"],
    ["c", "1", "2000000001"],
    ["d", "1", "10000002"],
  ]) {
    const device = { id, primary_config_entry: entry, serial_number: serial };
    hass.devices[id] = { ...device, identifiers: [["usms", serial]] };
    hass.entities[`sensor.${id}`] = { entity_id: `sensor.${id}`, platform: "usms", device_id: id, translation_key: "tier" };
  }
  assert.deepEqual(script.meters(hass).map(({ id }) => id), ["d", "c", "b", "a"]);
});

test("the balances of three meters and more stand together, as there may be fewer columns", async () => {
  const hass = home();
  hass.devices.shop = { ...hass.devices.electricity, id: "shop", identifiers: [["usms", "10000002"]] };
  hass.entities["sensor.shop"] = { entity_id: "sensor.shop", platform: "usms", device_id: "shop", translation_key: "tier" };
  const [view] = (await script.UsmsStrategy.generate({}, hass)).views;
  const [, balances, charts] = view.sections;
  const meters = ["electricity", "shop", "water"];
  assert.deepEqual(types(view)[1], meters.map((id) => `custom:usms-meter-card ${id}`));
  assert.equal(balances.column_span, view.max_columns);
  // In the columns of the same section their charts stand, so that edges meet.
  assert.equal(charts.column_span, view.max_columns);
  assert.deepEqual(
    charts.cards.map(({ type, cards }) => [type, cards[1].device, cards[1].show]),
    meters.map((id) => ["vertical-stack", id, "month"]),
  );
  assert.equal(view.sections.length, 3);
});

test("the sign-in cards of two accounts stand side by side, one alone has the width", async () => {
  const hass = home();
  const alone = (await script.UsmsStrategy.generate({}, hass)).views[0].sections[0];
  assert.deepEqual(alone.cards.map(({ grid_options }) => grid_options), [{ columns: "full" }]);
  hass.devices.second = { ...hass.devices.account, id: "second", primary_config_entry: "2", identifiers: [["usms", "2"]] };
  hass.entities["sensor.second"] = { entity_id: "sensor.second", platform: "usms", device_id: "second", translation_key: "captcha" };
  const [view] = (await script.UsmsStrategy.generate({}, hass)).views;
  assert.deepEqual(types(view).slice(0, 2), [
    ["custom:usms-account-card account", "custom:usms-account-card second"],
    ["custom:usms-meter-card electricity", "custom:usms-meter-card water"],
  ]);
  assert.ok(view.sections.every(({ column_span }) => column_span === view.max_columns));
  assert.ok(view.sections[0].cards.every((card) => !("grid_options" in card)));
});

test("the dashboard of one meter, and of none", async () => {
  const one = await script.UsmsStrategy.generate({ language: "ms" }, home({ meters: ["water"] }));
  assert.equal(one.views[0].sections.length, 3);
  assert.ok(one.views[0].sections.flatMap(({ cards }) => cards).every(({ language }) => language === "ms"));
  const none = await script.UsmsStrategy.generate({}, { states: {} });
  assert.deepEqual(types(none.views[0]), [["markdown"]]);
});

test("it is made anew when meters come and go", () => {
  assert.deepEqual(script.UsmsStrategy.registryDependencies, ["entities", "devices"]);
});

test("the frontend hears of the dashboard and of the cards, once", () => {
  assert.deepEqual(
    window.customStrategies.map(({ type, strategyType, name }) => [type, strategyType, name]),
    [["usms", "dashboard", "USMS"]],
  );
  const cards = ["meter", "usage", "facts", "account"].map((name) => `usms-${name}-card`);
  assert.deepEqual(window.customCards.map(({ type }) => type), cards);
  const [offer] = window.customCards;
  const hass = home();
  const id = Object.values(hass.entities).find(({ device_id }) => device_id === "water").entity_id;
  assert.deepEqual(offer.getEntitySuggestion(hass, id).config, { type: "custom:usms-meter-card", device: "water" });
  const other = Object.values(hass.entities).find(({ device_id }) => device_id === "account").entity_id;
  assert.equal(offer.getEntitySuggestion(hass, other), null);
  assert.equal(offer.getEntitySuggestion(hass, "light.kitchen"), null);
});

test("every card has a form, a stub and a size", () => {
  for (const [tag, type] of definitions) {
    if (!tag.endsWith("card")) continue;
    const { schema, computeLabel } = type.getConfigForm();
    assert.ok(schema.every((field) => field.selector && computeLabel(field)), tag);
    assert.ok(type.getStubConfig(home()), tag);
    assert.equal(new type().getGridOptions().rows, "auto");
  }
  assert.deepEqual(definitions.get("usms-meter-card").getStubConfig(home()), { device: "electricity" });
});

test("tags that another registry lost are defined again", async () => {
  const before = [...definitions.keys()];
  const first = definitions.get("usms-meter-card");
  definitions.clear();
  definitions.set("kept", first); // the registry may know the class already
  frontendIsThere();
  await tick();
  definitions.delete("kept");
  assert.deepEqual([...definitions.keys()], before);
});
