// What draws the cards: texts, numbers, charts, styles; brought by usms-dashboard.js when needed.

import { accounts, fill, isolate, known, NAMES, numeric, thing } from "./usms-dashboard.js";

export const TEXTS = {
  en: {
    ...NAMES.en,
    choose: "Choose a meter.",
    noMeter: "There is no meter with the device “{device}”. Choose another.",
    noAccount: "There is no account with the device “{account}”. Choose another.",
    noShow: "“show: {show}” is not known. It is month, day or year.",
    gone: "No longer in the account. Its history stays.",
    broken: "This can't be shown at the moment; the browser's console says why.",
    unknown: "Balance not known yet",
    asOf: "as of {when}",
    topUp: "Top up",
    until: "Lasts until {day}",
    past: "Was to last until {day}",
    between: "between {from} and {to}",
    empty: "Nothing left",
    noForecast: "How long it lasts is not known yet",
    low: "Low credit",
    lowDays: "Low credit: about {days} left",
    signInFirst: "Sign-in needed: nothing is read until then",
    thisMonth: "This month",
    untilDay: "until {day}",
    ofAbout: "of about {cost}",
    tier: "Tier {n} of {all}",
    left: "{units} left",
    loading: "Reading statistics…",
    noData: "No readings yet",
    noHours: "The portal has no hours of this meter",
    hoursLater: "The hours of {day} are not there yet; of the whole day: {use}",
    failed: "The statistics can't be read at the moment",
    most: "most: {bar}",
    soFar: "so far",
    when: "When",
    use: "Use",
    cost: "Cost",
    consumption_yesterday: "Used yesterday",
    cost_last_month: "Cost last month",
    last_top_up: "Last top-up",
    topped_up_this_month: "Topped up this month",
    signIn: "Sign-in needed",
    why: "The portal has ended the session. Type what the picture shows.",
    characters: "Characters in the picture",
    picture: "Captcha: five letters and digits to type",
    drawing: "Getting the picture…",
    sending: "Signing in…",
    noPicture: "The picture can't be shown here. Sign in under Settings, Devices & services, USMS.",
    changed: "The picture has changed. Type what the new one shows.",
    send: "Sign in",
    another: "Another picture",
    show: "Show the picture",
    captcha_refused: "That was not what the picture showed. Here is a new one.",
    captcha_expired: "That picture was no longer the latest one. Here is a new one.",
    done: "Signed in. The figures are being read.",
    fine: "Signed in; nothing to do.",
    history: "History is being read",
    waits: "History waits for the portal",
    share: "{percent} read",
    nextTry: "next try {time}",
    timeLeft: "about {time} left",
    unread: "The portal can't be read since {when}.",
    sign_in_failed: "Signing in failed; the log says more.",
  },
  ms: {
    ...NAMES.ms,
    choose: "Pilih satu meter.",
    noMeter: "Tiada meter dengan peranti “{device}”. Pilih yang lain.",
    noAccount: "Tiada akaun dengan peranti “{account}”. Pilih yang lain.",
    noShow: "“show: {show}” tidak dikenali. Pilihannya month, day atau year.",
    gone: "Tidak lagi ada dalam akaun. Sejarahnya kekal.",
    broken: "Ini tidak dapat dipaparkan buat masa ini; lihat konsol pelayar.",
    unknown: "Baki belum diketahui",
    asOf: "setakat {when}",
    topUp: "Tambah nilai",
    until: "Cukup sehingga {day}",
    past: "Dijangka cukup sehingga {day}",
    between: "antara {from} dengan {to}",
    empty: "Baki sudah habis",
    noForecast: "Belum diketahui bila baki akan habis",
    low: "Kredit rendah",
    lowDays: "Kredit rendah: tinggal kira-kira {days}",
    signInFirst: "Perlu log masuk: bacaan terhenti sehingga itu",
    thisMonth: "Bulan ini",
    untilDay: "hingga {day}",
    ofAbout: "daripada kira-kira {cost}",
    tier: "Tahap {n} daripada {all}",
    left: "baki {units}",
    loading: "Membaca statistik…",
    noData: "Belum ada bacaan",
    noHours: "Portal tiada bacaan setiap jam bagi meter ini",
    hoursLater: "Bacaan setiap jam bagi {day} belum ada; sepanjang hari: {use}",
    failed: "Statistik tidak dapat dibaca buat masa ini",
    most: "paling banyak: {bar}",
    soFar: "setakat ini",
    when: "Masa",
    use: "Penggunaan",
    cost: "Kos",
    consumption_yesterday: "Penggunaan semalam",
    cost_last_month: "Kos bulan lepas",
    last_top_up: "Tambah nilai terakhir",
    topped_up_this_month: "Tambah nilai bulan ini",
    signIn: "Perlu log masuk",
    why: "Portal telah menamatkan sesi. Taip apa yang ditunjukkan pada gambar.",
    characters: "Aksara dalam gambar",
    picture: "Captcha: lima huruf dan angka untuk ditaip",
    drawing: "Mendapatkan gambar…",
    sending: "Sedang log masuk…",
    noPicture:
      "Gambar tidak dapat dipaparkan di sini. Log masuk di Tetapan, Peranti & perkhidmatan, USMS.",
    changed: "Gambar telah bertukar. Taip apa yang ditunjukkan pada gambar baharu.",
    send: "Log masuk",
    another: "Gambar lain",
    show: "Tunjukkan gambar",
    captcha_refused: "Itu bukan yang ditunjukkan pada gambar. Ini gambar yang baharu.",
    captcha_expired: "Gambar itu bukan lagi yang terkini. Ini gambar yang baharu.",
    done: "Berjaya log masuk. Bacaan sedang diambil.",
    fine: "Sudah log masuk; tiada apa-apa perlu dibuat.",
    history: "Sejarah sedang dibaca",
    waits: "Sejarah menunggu portal",
    share: "{percent} dibaca",
    nextTry: "cubaan seterusnya {time}",
    timeLeft: "kira-kira {time} lagi",
    unread: "Portal tidak dapat dibaca sejak {when}.",
    cannot_connect: "Portal USMS tidak dapat dihubungi.",
    portal_unavailable: "Portal USMS tidak tersedia buat masa ini.",
    password_refused:
      "Portal USMS menolak kata laluan. Log masuk di Peranti & perkhidmatan dengan yang baharu.",
    sign_in_failed: "Log masuk gagal; lihat log untuk maklumat lanjut.",
  },
};

// --- numbers and days, as the frontend writes them ---

const NUMBER_LOCALES = {
  comma_decimal: "en-US",
  decimal_comma: "de",
  space_comma: "fr",
  quote_decimal: "de-CH",
  none: "en-US",
  system: undefined,
};

export const number = (hass, value, options) => {
  const { number_format: format, language = "en" } = hass.locale ?? {};
  const locale = format in NUMBER_LOCALES ? NUMBER_LOCALES[format] : language;
  const all = { useGrouping: format !== "none", ...options };
  return new Intl.NumberFormat(locale, all).format(value);
};

export const money = (hass, value, currency = "BND") =>
  number(hass, value, { style: "currency", currency, minimumFractionDigits: 2 });

const quantity = (hass, value, unit) => {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${number(hass, value, options)} ${unit}`;
};

const span = (language, value, unit) =>
  new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(
    Math.max(1, Math.round(value)),
  );

export const date = (hass, language, day, options, zone) => {
  const { language: chosen = "en", date_format, time_format, time_zone } = hass.locale ?? {};
  const local = chosen === "en" && date_format === "DMY" ? "en-GB" : chosen;
  const hour12 = "hour" in options ? { 12: true, 24: false }[time_format] : undefined;
  const timeZone = zone ?? (time_zone === "server" ? hass.config?.time_zone : undefined);
  const all = { timeZone, hour12, ...options };
  return new Intl.DateTimeFormat(language === "ms" ? "ms" : local, all).format(day);
};

const CLOCK = { hour: "numeric", minute: "2-digit" };

// A day and its month; with the year where that is not plain.
const dayOf = (day) => ({
  day: "numeric",
  month: "long",
  year: Math.abs(day - Date.now()) > 300 * 864e5 ? "numeric" : undefined,
});

// A time of day, with its day where that is another than today.
const moment = (hass, language, at) => {
  const on = (day) => date(hass, language, day, dayOf(day));
  const options = on(at) === on(new Date()) ? CLOCK : { ...dayOf(at), ...CLOCK };
  return date(hass, language, at, options);
};

// What the clocks of a zone show: year, month (from 0), day; and all of it as if it were UTC.
export const clock = (moment, zone) => {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    dateStyle: "short",
    timeStyle: "medium",
  }).formatToParts(moment);
  const part = (name) => Number(parts.find(({ type }) => type === name).value);
  const [year, month, day] = [2000 + part("year"), part("month") - 1, part("day")];
  const time = [part("hour"), part("minute"), part("second")];
  return { year, month, day, utc: Date.UTC(year, month, day, ...time) };
};

// When a day begins in a zone; months and days beyond their end go on, as in Date.UTC.
export const midnight = (year, month, day, zone) => {
  const utc = Date.UTC(year, month, day);
  const offset = (moment) => clock(moment, zone).utc - moment;
  return new Date(utc - offset(utc - offset(utc)));
};

const join = (parts, by = ", ") => parts.filter(Boolean).map(isolate).join(by);

// --- HTML, escaped ---

class Html {
  constructor(text) {
    this.text = text;
  }
}

const plain = (value) => {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(plain).join("");
  if (value == null || value === false) return "";
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt()};`);
};

export const html = (strings, ...values) =>
  new Html(strings.reduce((all, text, i) => all + plain(values[i - 1]) + text));

const bdi = (value) => html`<bdi>${value}</bdi>`;

const icon = (name) => html`<ha-icon icon="${name}"></ha-icon>`;

const note = (kind, name, text) =>
  html`<p class="note ${kind}">${icon(`mdi:${name}`)}<bdi>${text}</bdi></p>`;

const percent = (share) => `${(100 * Math.max(0, Math.min(1, share))).toFixed(1)}%`;

const STYLE = `
:host { display: block; }
:host([hidden]) { display: none; }
ha-card { display: flex; flex-direction: column; gap: var(--ha-space-4, 16px); height: 100%;
  padding: var(--ha-space-4, 16px); box-sizing: border-box; color: var(--primary-text-color);
  font-size: var(--ha-font-size-m, 14px); line-height: 1.4;
  --soft: color-mix(in srgb, var(--primary-color) 14%, transparent); }
p, h2, dl, dd { margin: 0; }
b, h2 { font-weight: 500; }
h2 { font-size: 16px; }
button, input { font: inherit; color: inherit; box-sizing: border-box; }
.dim, dt, label { color: var(--secondary-text-color); }
.row { display: flex; justify-content: space-between; align-items: baseline; flex-wrap: wrap;
  gap: 2px 12px; }
.row > :last-child { text-align: end; }
.row.head { align-items: center; flex-wrap: nowrap; }
.name { display: flex; align-items: center; gap: 8px; min-width: 0; }
.head .name { font-size: inherit; font-weight: 400; color: var(--secondary-text-color); }
.name ha-icon { color: var(--primary-color); }
.name span { overflow-wrap: anywhere; }
.pill { flex: none; display: inline-flex; align-items: center; gap: 6px; min-height: 36px;
  padding: 0 14px; border: 0; border-radius: 18px; cursor: pointer; font-weight: 500;
  color: var(--primary-color); background: var(--soft); text-decoration: none; }
.pill.main { color: var(--text-primary-color, #fff); background: var(--primary-color); }
.pill[disabled] { opacity: .5; cursor: default; }
.pill ha-icon { --mdc-icon-size: 16px; }
.more { display: block; width: 100%; padding: 0; border: 0; border-radius: 4px; background: none;
  text-align: start; cursor: pointer; }
:is(.more, .pill, input, .plot):focus-visible { outline: 2px solid var(--primary-color);
  outline-offset: 3px; }
.balance { font-size: 40px; font-weight: 500; line-height: 1.2; letter-spacing: -.5px; }
.balance.old { font-size: 24px; letter-spacing: 0; color: var(--secondary-text-color); }
.balance.low { color: var(--error-color); }
.lasts { font-size: 16px; }
.lasts .dim { display: inline-block; }
.note { --note: var(--info-color, var(--primary-color)); display: flex; align-items: center;
  gap: 8px; padding: 8px 12px; border-radius: 8px;
  background: color-mix(in srgb, var(--note) 14%, transparent); }
.note.error { --note: var(--error-color, #db4437); }
.note.warning { --note: var(--warning-color, #ffa600); }
.note ha-icon { flex: none; color: var(--note); --mdc-icon-size: 20px; }
.bar { display: block; position: relative; height: 12px; margin-top: 6px; border-radius: 6px;
  overflow: hidden; background: var(--divider-color); }
.bar.thin { height: 6px; }
.bar.thin:not(.near) i { opacity: .6; }
.bar i { position: absolute; inset-block: 0; inset-inline-start: 0; border-radius: inherit;
  background: var(--primary-color); }
.bar .may { border-radius: 0; opacity: .35; }
.bar .mark { width: 2px; border-radius: 0; background: var(--primary-text-color); }
.bar.near i { background: var(--warning-color, #ffa600); }
.plot { position: relative; display: flex; height: 128px; margin-top: 18px; touch-action: pan-y;
  border-block: 1px solid var(--divider-color); border-top-style: dashed; }
.plot::before { content: ""; position: absolute; inset: 50% 0 auto; pointer-events: none;
  border-top: 1px dashed var(--divider-color); }
.plot > bdi { position: absolute; bottom: calc(100% + 2px); inset-inline-start: 0; }
.plot > bdi, .axis { font-size: 11px; line-height: 1.3; color: var(--secondary-text-color); }
.slot { flex: 1; display: flex; align-items: flex-end; padding-inline: 1px; min-width: 0; }
.slot i { flex: 1; min-height: 1px; border-radius: 3px 3px 0 0; }
.slot i, .track i { background: var(--primary-color); opacity: .75; }
:is(.slot, .track) i.now { opacity: .4; }
.slot.on { background: var(--soft); }
.slot.on i { opacity: 1; }
.axis { display: flex; margin-top: 4px; }
.axis span { flex: 1; min-width: 0; padding-inline-start: 1px; white-space: nowrap; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
table { border-collapse: collapse; }
th, td { padding: 3px 0; font-weight: 400; text-align: end; white-space: nowrap; }
th { text-align: start; }
td + td { padding-inline-start: 12px; }
.track { width: 100%; padding-inline-start: 12px; }
.track i { display: block; height: 8px; min-width: 1px; border-radius: 4px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 14px 16px; }
dt, small, label { font-size: 12px; }
dd { font-size: 16px; }
small { display: block; }
form, .fields { display: flex; flex-direction: column; gap: 12px; }
.halves { display: flex; flex-wrap: wrap; align-items: center; gap: 12px 16px; }
.halves > * { flex: 1 1 260px; max-width: 420px; box-sizing: border-box; }
.picture { display: flex; align-items: center; justify-content: center; min-height: 96px;
  border-radius: 8px; overflow: hidden; background: #fff; color: #555; }
.picture img { width: 100%; max-width: 400px; }
input { display: block; width: 100%; min-height: 44px; margin-top: 4px; padding: 0 12px;
  border: 1px solid var(--secondary-text-color); border-radius: 8px; background: none;
  font-size: 20px; letter-spacing: 3px; color: var(--primary-text-color); }
[role=status]:empty { margin-top: -12px; }
.actions { display: flex; flex-wrap: wrap; gap: 8px; }
`;

// --- what all cards have in common ---

// Fills a card, which is the element that the frontend knows.
class Painter {
  constructor(card) {
    this.card = card;
    this.root = card.shadowRoot;
    this.root.addEventListener("click", ({ target }) => {
      const entityId = target.closest?.("[data-entity]")?.dataset.entity;
      if (entityId) card.tell("hass-more-info", { entityId });
    });
  }

  get hass() {
    return this.card.hass;
  }

  get config() {
    return this.card.config;
  }

  get language() {
    return this.card.language;
  }

  // Whether something changed that the card shows.
  concerns(old, hass) {
    const all = ["entities", "devices", "locale", "language", "config"];
    return (
      all.some((what) => old[what] !== hass[what]) ||
      this._watched?.some((id) => old.states?.[id] !== hass.states?.[id])
    );
  }

  connected() {}

  disconnected() {}

  update() {
    const text = TEXTS[this.language];
    let body;
    try {
      body = this.body(this.hass, text).text;
    } catch (error) {
      console.warn("usms:", error);
      body = note("warning", "alert-outline", text.broken).text;
    }
    if (body === this._body) return;
    this._body = body;
    const { root } = this;
    const focused = root.activeElement?.dataset?.focus;
    root.innerHTML = `<style>${STYLE}</style><ha-card>${body}</ha-card>`;
    if (focused) root.querySelector(`[data-focus="${focused}"]`)?.focus();
  }

  // The meter of the card and its account; undefined where it is not there.
  meter(hass) {
    const meter = thing(hass, this.config.device);
    const account = accounts(hass).find(({ entry }) => entry === meter.entry) ?? thing(hass);
    this._watched = [...Object.values(meter.ids), ...Object.values(account.ids)];
    if (!meter.isMeter) return undefined;
    return { ...meter, account, gone: meter.gone || this.isGone(meter) };
  }

  noMeter(text) {
    const { device } = this.config;
    const words = device ? fill(text.noMeter, { device }) : text.choose;
    return note("info", "meter-electric-outline", words);
  }

  // Whether an account needs a sign-in: by its entity, or by what the integration said without it.
  needsSignIn(account) {
    return account.state("sign_in_needed") ? account.on("sign_in_needed") : this._said?.needed;
  }

  // Whether the account no longer has a meter, by what the integration said without its entity.
  isGone({ id, ids }) {
    return !("status" in ids) && this._said?.gone?.includes(id);
  }

  // Asks the integration what no entity says, or one that a person has disabled; anew each
  // minute, and with what changes otherwise.
  async ask(hass, entry) {
    if (!entry) return;
    const states = this._watched.map((id) => hass.states?.[id]?.last_updated);
    const key = [entry, this._turn, Math.floor(Date.now() / 60_000), ...states].join();
    if (key === this._question) return;
    this._question = key;
    this._isAnswered = false;
    try {
      const said = await hass.callWS({ type: "usms/account", account: entry });
      if (key !== this._question) return;
      this._said = said;
      this._isAnswered = true;
    } catch (error) {
      console.warn("usms:", error);
    }
    this.update();
  }

  // Something to press that opens an entity's dialog.
  more(meter, key, content, label) {
    return html`<button class="more" type="button" data-entity="${meter.ids[key]}"
      data-focus="${key}" aria-label="${label}">${content}</button>`;
  }
}

class MeterPainter extends Painter {
  body(hass, text) {
    const meter = this.meter(hass);
    if (!meter) return this.noMeter(text);
    const told = "status" in meter.ids && "sign_in_needed" in meter.account.ids;
    if (!told || meter.value("balance") === undefined) this.ask(hass, meter.entry);
    else this._question = this._isAnswered = undefined;
    const url = meter.attribute("balance", "top_up_url") ?? (!meter.gone && meter.url);
    const days = meter.value("days_left");
    const left = days > 0 && span(this.language, days, "day");
    const low = left ? fill(text.lowDays, { days: left }) : text.low;
    return html`<div class="row head">
        <h2 class="name">${icon(meter.icon)}<span>${meter.name(this.language)}</span></h2>
        ${/^https?:/.test(url) &&
        html`<a class="pill" href="${url}" target="_blank" rel="noreferrer">${text.topUp}
          ${icon("mdi:open-in-new")}</a>`}
      </div>
      <div>${this.balance(hass, text, meter)}${!meter.gone && this.lasts(hass, text, meter)}</div>
      ${meter.gone && note("info", "meter-electric-outline", text.gone)}
      ${meter.on("low_credit") && note("error", "wallet-outline", low)}
      ${!meter.gone &&
      this.needsSignIn(meter.account) &&
      note("warning", "account-alert", text.signInFirst)}
      ${this.month(hass, text, meter)}${this.tier(hass, text, meter)}`;
  }

  balance(hass, text, meter) {
    const id = meter.ids.balance;
    if (!id) return (this._last = undefined);
    if (this._last?.id !== id) this._last = { id };
    const value = meter.value("balance");
    const stamp = meter.attribute("balance", "as_of");
    // Only the integration knows when it was read; a state changes when the value does.
    const { balance, read_at: readAt } = this._said?.balances?.[meter.id] ?? {};
    if (value !== undefined) this._last = { id, value, since: stamp };
    else if (readAt && this._isAnswered) this._last = { id, value: balance, since: readAt };
    const { value: last, since } = this._last;
    if (last === undefined)
      return meter.gone ? "" : html`<p class="balance old">${text.unknown}</p>`;
    const shown = money(hass, last, meter.attribute("balance", "unit_of_measurement"));
    const old = value === undefined || stamp !== undefined;
    const aged = meter.attribute("remaining_units", "as_of");
    const units = aged ? undefined : meter.value("remaining_units");
    const beside = old
      ? since && fill(text.asOf, { when: moment(hass, this.language, new Date(since)) })
      : units !== undefined &&
        quantity(hass, units, meter.attribute("remaining_units", "unit_of_measurement"));
    const low = meter.on("low_credit") || last <= 0;
    return this.more(
      meter,
      "balance",
      html`<span class="row">
        <span class="balance ${old && "old"} ${low && "low"}">${bdi(shown)}</span>
        <span class="dim">${bdi(beside)}</span></span>`,
      join([shown, beside]),
    );
  }

  lasts(hass, text, meter) {
    if (this._last?.value <= 0) return html`<p class="lasts"><b>${text.empty}</b></p>`;
    if (!meter.ids.runs_out) return "";
    const state = meter.state("runs_out");
    const day = new Date(known(state) ? state.state : NaN);
    if (isNaN(day)) return html`<p class="lasts dim">${text.noForecast}</p>`;
    const say = (at, options) => date(hass, this.language, at, { ...dayOf(at), ...options });
    const end = (...names) => {
      const at = new Date(meter.attribute("runs_out", ...names) ?? NaN);
      return isNaN(at) ? "" : say(at);
    };
    const [from, to] = [end("early", "low"), end("late", "high")];
    // The hour or the day is shown in which it ends, so that is no sign that it is over.
    const left = meter.value("days_left");
    const over = left === undefined ? day < Date.now() : left <= 0;
    const when = { day: say(day, { weekday: "long" }) };
    const words = fill(over ? text.past : text.until, when);
    const sure = !from || !to || from === to;
    return this.more(
      meter,
      "runs_out",
      html`<span class="lasts"><b>${bdi(words)}</b>
        ${!sure && html`<span class="dim">(${bdi(from)} – ${bdi(to)})</span>`}</span>`,
      join([words, !sure && fill(text.between, { from, to })]),
    );
  }

  // Until when this month is counted, where today is not there (yet).
  until(hass, text, meter) {
    const [first, second] = ["cost_this_month", "consumption_this_month"];
    const last = meter.attribute(first, "last_day") ?? meter.attribute(second, "last_day");
    const at = new Date(`${last}T00:00+08:00`); // Brunei's days
    if (!(Date.now() - at >= 864e5)) return "";
    const how = { day: "numeric", month: "short" };
    return fill(text.untilDay, { day: date(hass, this.language, at, how, "Asia/Brunei") });
  }

  month(hass, text, meter) {
    const until = this.until(hass, text, meter);
    const title = html`<span>${text.thisMonth} <span class="dim">${until}</span></span>`;
    const named = join([text.thisMonth, until], " ");
    const spent = meter.value("cost_this_month");
    if (spent === undefined) {
      const used = meter.value("consumption_this_month");
      if (used === undefined) return "";
      const shown = quantity(hass, used, meter.unit);
      const row = html`<span class="row">${title}<b>${bdi(shown)}</b></span>`;
      return this.more(meter, "consumption_this_month", row, `${named}: ${shown}`);
    }
    const cost = (value) => money(hass, value);
    const about = meter.value("forecast_cost");
    const said = about === undefined ? "" : fill(text.ofAbout, { cost: cost(about) });
    const low = meter.part("forecast_cost", "low") ?? about;
    const high = meter.part("forecast_cost", "high") ?? about;
    const all = Math.max(spent, about ?? 0, high ?? 0) || 1;
    return this.more(
      meter,
      "cost_this_month",
      html`<span class="row">${title}
        <span><b>${bdi(cost(spent))}</b> <span class="dim">${bdi(said)}</span></span></span>
        ${said &&
        html`<span class="bar">
          <i class="is" style="width:${percent(spent / all)}"></i>
          <i class="may" style="margin-inline-start:${percent(low / all)};
            width:${percent((high - low) / all)}"></i>
          <i class="mark"
            style="margin-inline-start:calc(${percent(about / all)} - 2px)"></i></span>`}`,
      `${named}: ${cost(spent)} ${join([
        said,
        said && low < high && fill(text.between, { from: cost(low), to: cost(high) }),
      ])}`,
    );
  }

  tier(hass, text, meter) {
    const n = meter.value("tier");
    const all = meter.part("tier", "tiers");
    if (n === undefined || !(all > 1)) return "";
    const left = meter.part("tier", "left");
    const width = meter.part("tier", "end") - meter.part("tier", "start");
    const used = 1 - left / width;
    const rest =
      left === undefined ? "" : fill(text.left, { units: quantity(hass, left, meter.unit) });
    const said = fill(text.tier, { n, all });
    return this.more(
      meter,
      "tier",
      html`<span class="row">${bdi(said)}<span class="dim">${bdi(rest)}</span></span>
        ${!isNaN(used) &&
        html`<span class="bar thin ${used > 0.9 && "near"}">
          <i style="width:${percent(used)}"></i></span>`}`,
      join([said, rest]),
    );
  }
}

// --- use over time, from the statistics ---

const PERIODS = { month: "day", day: "hour", year: "month" };

// The end of a scale that reads well, not below the largest value.
export const scale = (largest) => {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= largest * 0.999) * power;
};

// When the bars of a period begin: the days of this month, the hours of yesterday, or the last
// twelve months; and where the last of them ends.
export const starts = (show, now, zone) => {
  const { year, month, day } = clock(now, zone);
  const list = (length, at) => Array.from({ length: length + 1 }, (_, i) => at(i));
  if (show === "year") return list(12, (i) => midnight(year, month - 11 + i, 1, zone));
  if (show === "month") {
    const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    return list(days, (i) => midnight(year, month, 1 + i, zone));
  }
  const first = +midnight(year, month, day - 1, zone);
  return list((midnight(year, month, day, zone) - first) / 36e5, (i) => new Date(first + i * 36e5));
};

class UsagePainter extends Painter {
  constructor(card) {
    super(card);
    const { root } = this;
    const pick = ({ clientX, clientY }) => {
      const at = root.elementFromPoint(clientX, clientY)?.closest("[data-i]");
      this.select(at ? Number(at.dataset.i) : undefined);
    };
    root.addEventListener("pointermove", pick);
    root.addEventListener("pointerdown", pick);
    root.addEventListener("keydown", (event) => this.step(event));
    card.addEventListener("pointerleave", () => this.select());
  }

  // What is pointed at stays so.
  update() {
    super.update();
    if (this._selected !== undefined) this.select(this._selected);
  }

  get show() {
    return this.config.show ?? "month";
  }

  body(hass, text) {
    const meter = this.meter(hass);
    if (!meter) return this.noMeter(text);
    const { show } = this;
    if (!Object.hasOwn(PERIODS, show)) return note("error", "alert", fill(text.noShow, { show }));
    const title = html`<h2>${text[show]}</h2>`;
    const only = (words) => html`${title}<p class="dim" role="status">${bdi(words)}</p>`;
    if (show === "day" && meter.water) return only(text.noHours);
    this.load(hass, meter);
    const { _rows: rows = [] } = this;
    const seen = rows.filter(({ use }) => use !== undefined);
    if (!seen.length)
      return only(this._failed ? text.failed : this._rows ? text.noData : text.loading);
    const options = {
      month: { weekday: "short", day: "numeric", month: "short" },
      day: CLOCK,
      year: { month: "short", year: "numeric" },
    }[show];
    const say = (at, how) => date(hass, this.language, at, how, hass.config?.time_zone);
    const use = (value) => (value === undefined ? "–" : quantity(hass, value, meter.unit));
    const cost = (value) => (value === undefined ? "" : money(hass, value));
    const sum = (key) => {
      const all = seen.map((row) => row[key]).filter((value) => value !== undefined);
      return all.length ? all.reduce((a, b) => a + b) : undefined;
    };
    const bars = rows.map((row) => ({
      ...row,
      words: [say(row.start, options), use(row.use), cost(row.cost)],
    }));
    const [{ start }] = rows;
    // Until the hours of a day are there, its total stands at midnight.
    if (show === "day" && seen.length === 1 && seen[0] === rows[0]) {
      const day = say(start, dayOf(start));
      return only(fill(text.hoursLater, { day, use: use(seen[0].use) }));
    }
    this._readouts = bars.map(({ words }) => join(words, " · "));
    const of = show === "day" && say(start, dayOf(start));
    this._total = join([of, use(sum("use")), cost(sum("cost"))], " · ");
    const largest = seen.reduce((a, b) => (b.use > a.use ? b : a));
    const top = scale(largest.use);
    const most = fill(text.most, { bar: this._readouts[rows.indexOf(largest)] });
    return html`<div class="row">${title}
        <span class="dim" aria-live="polite"><bdi id="readout">${this._total}</bdi></span></div>
      ${show === "year"
        ? this.table(text, bars, top)
        : html`<div><div class="plot" role="img" tabindex="0" data-focus="plot"
          aria-label="${text[show]}: ${this._total}; ${most}">${bars.map(
            ({ use, now }, i) => html`<span class="slot" data-i="${i}">${use !== undefined &&
              html`<i class="${now && "now"}" style="height:${percent(use / top)}"></i>`}</span>`,
          )}<bdi>${number(hass, top)} ${meter.unit}</bdi></div>
          <div class="axis" aria-hidden="true">${rows.map(({ start }, i) => html`<span>${
            show === "month" ? i % 7 === 0 && i + 1 : i % 6 === 0 && say(start, { hour: "numeric" })
          }</span>`)}</div>
          <div class="sr">${this.table(text, bars, top)}</div></div>`}`;
  }

  // Bars as rows, newest first: for all to read, or instead of a chart for those who can't see it.
  table(text, bars, top) {
    const rows = bars.filter(({ use }) => use !== undefined).reverse();
    return html`<table><tr class="sr"><th>${text.when}</th><td></td><th>${text.use}</th>
      <th>${text.cost}</th></tr>${rows.map(
        ({ use, now, words: [when, used, cost] }) => html`<tr>
        <th scope="row">${when}${now && html`<span class="sr"> ${text.soFar}</span>`}</th>
        <td class="track"><i class="${now && "now"}" style="width:${percent(use / top)}"></i></td>
        <td>${bdi(used)}</td><td><b>${bdi(cost)}</b></td></tr>`,
      )}</table>`;
  }

  // Reads the statistics where they may have changed since the last time.
  async load(hass, meter) {
    const all = starts(this.show, Date.now(), hass.config?.time_zone);
    const what = `${meter.id} ${this.show} ${+all[0]}`;
    const facts = ["consumption_this_month", "consumption_yesterday", "cost_this_month"];
    const seen = [...facts.map(meter.state), meter.account.state("history_progress")];
    const key = [what, ...seen.map((state) => state?.state)].join();
    if (key === this._key) return;
    if (what !== this._what) this._rows = undefined;
    this._what = what;
    this._key = key;
    try {
      const rows = await this.read(hass, meter, all);
      if (key !== this._key) return;
      this._rows = rows;
      this._failed = false;
    } catch (error) {
      console.warn("usms:", error);
      this._failed = true;
    }
    this.update();
  }

  async read(hass, meter, all) {
    const ids = [meter.series("consumption"), meter.series("cost")];
    if (!ids[0]) return [];
    const found = await hass.callWS({
      type: "recorder/statistics_during_period",
      start_time: all[0].toISOString(),
      end_time: all.at(-1).toISOString(),
      statistic_ids: ids,
      period: PERIODS[this.show],
      types: ["change"],
      units: { energy: "kWh", volume: "m³" },
    });
    const pair = ({ start, change }) => [+new Date(start), change ?? undefined];
    const [use, cost] = ids.map((id) => new Map(found[id]?.map(pair)));
    return all.slice(0, -1).map((start, i) => ({
      start,
      use: use.get(+start),
      cost: cost.get(+start),
      now: all[i + 1] > Date.now(),
    }));
  }

  // Shows one bar's figures, or the sum of all.
  select(index) {
    const { root } = this;
    root.querySelector(".slot.on")?.classList.remove("on");
    root.querySelector(`[data-i="${index}"]`)?.classList.add("on");
    this._selected = index;
    const readout = root.querySelector("#readout");
    if (readout) readout.textContent = this._readouts?.[index] ?? this._total;
  }

  step(event) {
    const way = { ArrowLeft: -1, ArrowRight: 1, Escape: 0 }[event.key];
    if (way === undefined || !event.target.closest(".plot")) return;
    event.preventDefault();
    const last = this._readouts.length - 1;
    const ahead = getComputedStyle(this.card).direction === "rtl" ? -way : way;
    const from = this._selected ?? (ahead > 0 ? -1 : last + 1);
    this.select(way ? Math.max(0, Math.min(last, from + ahead)) : undefined);
  }
}

class FactsPainter extends Painter {
  body(hass, text) {
    const meter = this.meter(hass);
    if (!meter) return this.noMeter(text);
    const cash = (value) => (value === undefined ? "–" : money(hass, value));
    const used = meter.value("consumption_yesterday");
    const topUp = meter.state("last_top_up");
    const at = new Date(known(topUp) ? topUp.state : NaN);
    const day = !isNaN(at) && at;
    const fact = (key, value, more) =>
      key in meter.ids &&
      html`<div><dt>${text[key]}</dt><dd>${this.more(
        meter,
        key,
        html`${bdi(value)}${more && html`<small class="dim">${bdi(more)}</small>`}`,
        join([text[key], value, more]),
      )}</dd></div>`;
    const when = day && date(hass, this.language, day, dayOf(day));
    const facts = [
      fact("consumption_yesterday", used === undefined ? "–" : quantity(hass, used, meter.unit)),
      fact("cost_last_month", cash(meter.value("cost_last_month"))),
      fact("last_top_up", cash(meter.part("last_top_up", "amount")), when),
      fact("topped_up_this_month", cash(meter.value("topped_up_this_month"))),
    ];
    return facts.some(Boolean) ? html`<dl>${facts}</dl>` : html`<p class="dim">${text.noData}</p>`;
  }
}

// --- the account: signing in, and how far the history has come ---

const STALE = 5 * 60_000; // a picture that waited for longer is drawn anew

// After a refused password nothing is sent again unless a person wants it, nor after a reload.
const refusal = (entry, text) => {
  try {
    const key = `usms-refused-${entry}`;
    if (text === undefined) return localStorage.getItem(key);
    if (text) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
  } catch {
    // A browser without storage forgets.
  }
  return "";
};

class AccountPainter extends Painter {
  constructor(card) {
    super(card);
    const { root } = this;
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      const answer = root.querySelector("input").value.trim();
      if (answer) this.signIn(answer);
    });
    root.addEventListener("click", ({ target }) => {
      if (target.closest?.("[data-draw]")) this.signIn();
    });
    const broken = ({ target }) => {
      this._unseen = target.getAttribute?.("src");
      this.update();
    };
    root.addEventListener("error", broken, true);
    this._look = () => this.update();
  }

  connected() {
    this._observer ??= new IntersectionObserver((entries) => {
      this._inSight = entries.at(-1).isIntersecting;
      this.update();
    });
    this._observer.observe(this.card);
    document.addEventListener("visibilitychange", this._look);
  }

  disconnected() {
    this._observer.disconnect();
    this._inSight = this._asked = false;
    document.removeEventListener("visibilitychange", this._look);
  }

  // As configured; left out, the first.
  get account() {
    const wanted = this.config.account;
    const all = accounts(this.hass);
    return (wanted ? all.find(({ id }) => id === wanted) : all[0]) ?? thing(this.hass);
  }

  update() {
    const typed = this.root.querySelector("input")?.value;
    const before = this._drawn;
    super.update();
    if (typed && before !== undefined) this.keep(typed, before);
    const { account, card } = this;
    const needed = this.needsSignIn(account);
    const lost = this.config.account && !account.isAccount;
    const wanted =
      needed || this._said?.unread_since || this.isReading(account) || card.preview || lost;
    if (card.hidden === Boolean(wanted)) {
      card.hidden = !wanted;
      card.tell("card-visibility-changed", { value: !card.hidden });
    }
    if (needed === false && known(account.state("sign_in_needed") ?? { state: "off" })) {
      this._asked = false;
      refusal(account.entry, "");
    }
    const looked = this._inSight && !document.hidden && !card.preview;
    if (needed && looked && !this._asked) this.drawOnce(account);
  }

  // What was typed stays with its picture; where that has changed, a word says so.
  keep(typed, before) {
    const field = this.root.querySelector("input");
    if (!field || field.value === typed) return;
    if (this._drawn === before) {
      field.value = typed;
    } else if (!this._busy && !this._error && !this._message) {
      this._message = TEXTS[this.language].changed;
      super.update();
    }
  }

  body(hass, text) {
    const { account } = this;
    const of = Object.values(hass.devices ?? {}).filter(
      ({ primary_config_entry: entry }) => entry && entry === account.entry,
    );
    this._watched = of.flatMap(({ id }) => Object.values(thing(hass, id).ids));
    this._drawn = undefined;
    if (this.config.account && !account.isAccount)
      return note("error", "alert", fill(text.noAccount, this.config));
    this.ask(hass, account.entry);
    if (this.needsSignIn(account)) return this.form(hass, text, account);
    const parts = [this.unread(hass, text, account)];
    if (this.isReading(account)) parts.push(this.history(hass, text, account));
    return parts.some(Boolean) ? html`${parts}` : note("info", "account-check", text.fine);
  }

  // That the portal can't be read, whatever entities say of it.
  unread(hass, text, account) {
    const since = this._said?.unread_since;
    const when = since && moment(hass, this.language, new Date(since));
    const words = when && fill(text.unread, { when });
    return words && note("warning", "cloud-off-outline", join([this.whose(hass, account), words], ": "));
  }

  // Whether history is left to read; which share is not known before all days are found.
  isReading(account) {
    const found = account.attribute("history_progress", "days_complete");
    return account.value("history_progress") < 100 || found === false;
  }

  history(hass, text, account) {
    const done = account.value("history_progress") / 100;
    const minutes = account.part("history_progress", "minutes_left");
    const next = new Date(account.attribute("history_progress", "next_try") ?? NaN);
    const waits = next > Date.now();
    const percents = !isNaN(done) && number(hass, done, { style: "percent" });
    const share = percents && waits ? fill(text.share, { percent: percents }) : percents;
    const what = waits ? text.waits : text.history;
    const said = join([this.whose(hass, account), what, share], ": ");
    const time = waits
      ? date(hass, this.language, next, CLOCK)
      : minutes !== undefined && span(this.language, minutes, "minute");
    const rest = time && fill(waits ? text.nextTry : text.timeLeft, { time });
    const now = share && html`aria-valuenow="${Math.round(100 * done)}"`;
    return html`<div role="progressbar" ${now} aria-label="${join([said, rest])}">
      <div class="row"><span>${said}</span><span class="dim">${rest}</span></div>
      <div class="bar thin"><i style="width:${percent(done || 0)}"></i></div></div>`;
  }

  // The account's name, where there are others.
  whose(hass, account) {
    return accounts(hass).length > 1 && account.name(this.language);
  }

  // The picture that waits for an answer, if there is one.
  picture(hass, account) {
    if (!("captcha" in account.ids)) {
      const { drawn_at: drawn, url } = this._said?.picture ?? {};
      return url && { drawn: new Date(drawn), url };
    }
    const state = account.state("captcha");
    const path = state?.attributes?.entity_picture;
    if (!known(state) || !path) return undefined;
    const url = `${path}&state=${state.state}`;
    return { drawn: new Date(state.state), url: hass.hassUrl?.(url) ?? url };
  }

  // Has a picture drawn as a person sees the card: once, and not where an answer is awaited.
  drawOnce(account) {
    this._asked = true;
    if (Date.now() - this.picture(this.hass, account)?.drawn < STALE) return;
    this._error = refusal(account.entry);
    if (this._error) this.update();
    else this.signIn();
  }

  form(hass, text, account) {
    const { _busy: busy, _error: error } = this;
    const picture = this.picture(hass, account);
    const seen = picture && picture.url !== this._unseen;
    const waits = busy && text[busy];
    const off = "disabled";
    const title = join([text.signIn, this.whose(hass, account)], ": ");
    this._drawn = picture && +picture.drawn;
    return html`<form>
      <h2 class="name">${icon("mdi:account-alert")}<span>${title}</span></h2>
      <p>${bdi(text.why)}</p>
      <div class="halves"><div class="picture">${
        seen
          ? html`<img src="${picture.url}" alt="${text.picture}">`
          : html`<span>${waits || (picture || this._inVain ? text.noPicture : "• • • • •")}</span>`
      }</div>
      <div class="fields"><label>${text.characters}<input data-focus="answer" dir="ltr" autocomplete="off"
        autocapitalize="none" spellcheck="false" enterkeyhint="send" ${!seen && off}></label>
      <div role="status">${error ? note("error", "alert", error) : this._message || waits}</div>
      <div class="actions">
        <button class="pill main" ${(busy || !seen) && off}>${text.send}</button>
        <button class="pill" type="button" data-draw ${busy && off}
          >${picture ? text.another : text.show}</button>
      </div></div></div></form>`;
  }

  // Sends an answer, or has a picture drawn.
  async signIn(answer) {
    if (this._busy) return;
    const { hass } = this;
    const text = TEXTS[this.language];
    const { account } = this;
    const { entry } = account;
    this._busy = answer ? "sending" : "drawing";
    this._error = this._message = "";
    this._inVain = false;
    this.update();
    try {
      const data = { account: entry, ...(answer && { captcha: answer }) };
      const done = await hass.callService("usms", "sign_in", data, undefined, false, true);
      const { signed_in: signedIn, reason } = done.response;
      this._message = signedIn ? text.done : text[reason];
      this._inVain = !signedIn; // where no picture comes of it
      refusal(entry, "");
    } catch (error) {
      this._error = await this.explain(hass, text, error);
      if (error?.translation_key === "password_refused") refusal(entry, this._error);
    }
    this._turn = (this._turn ?? 0) + 1;
    await this.ask(this.hass, entry);
    this._busy = this._unseen = undefined;
    this.update();
  }

  async explain(hass, text, error) {
    const key = error?.translation_key;
    try {
      const localize = !text[key] && (await hass.loadBackendTranslation("exceptions", "usms"));
      const path = `component.usms.exceptions.${key}.message`;
      const said = localize && localize(path, error.translation_placeholders);
      return said || text[key] || error.message || text.sign_in_failed;
    } catch {
      return error?.message || text.sign_in_failed;
    }
  }
}

export const PAINTERS = {
  "usms-meter-card": MeterPainter,
  "usms-usage-card": UsagePainter,
  "usms-facts-card": FactsPainter,
  "usms-account-card": AccountPainter,
};
