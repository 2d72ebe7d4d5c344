// The USMS dashboard: a strategy and its cards, in plain JavaScript that no build touches.
// Meters are found by the registries, never by entity ids; a card never throws.

const TEXTS = {
  en: {
    account: "USMS account",
    meter: "Meter",
    language: "Language",
    shows: "Shows",
    pick: "Choose a meter to show.",
    gone: "This meter is not there (any more).",
    none: "There is no meter yet.",
    add: "Add an account",
    broken: "This can't be shown at the moment; the browser's console says why.",
    unknown: "Balance not known yet",
    asOf: "as of {when}",
    top: "Top up",
    until: "Lasts until {day}",
    range: "({from} – {to})",
    between: "between {from} and {to}",
    past: "Was to last until {day}",
    empty: "Nothing left",
    noForecast: "How long it lasts is not known yet",
    low: "Low credit",
    lowDays: "Low credit: about {days} left",
    signInFirst: "Sign-in needed: figures are not read until then",
    thisMonth: "This month",
    ofAbout: "of about {cost}",
    tier: "Tier {n} of {all}",
    left: "{units} left",
    month: "Use per day",
    day: "Use per hour",
    year: "Last twelve months",
    loading: "Reading statistics…",
    noData: "No readings yet",
    failed: "The statistics can't be read at the moment",
    most: "most: {bar}",
    soFar: "so far",
    when: "When",
    use: "Use",
    cost: "Cost",
    lastMonth: "Cost last month",
    yesterday: "Used yesterday",
    lastTopUp: "Last top-up",
    toppedUp: "Topped up this month",
    signIn: "Sign-in needed",
    why: "The portal has ended the session. Type what the picture shows.",
    characters: "Characters in the picture",
    picture: "Captcha: five letters and digits to be typed",
    drawing: "Getting the picture…",
    sending: "Signing in…",
    noPicture: "The picture can't be shown.",
    send: "Sign in",
    another: "Another picture",
    show: "Show the picture",
    again: "Try again",
    captcha_refused: "That was not what the picture showed. Here is a new one.",
    captcha_expired: "That picture was no longer the latest one. Here is a new one.",
    done: "Signed in. The figures are being read.",
    fine: "Signed in; nothing to do.",
    history: "History is being read: {percent}",
    timeLeft: "about {time} left",
    errors: {},
    fallback: "Signing in failed; the log says more.",
  },
  ms: {
    account: "Akaun USMS",
    meter: "Meter",
    language: "Bahasa",
    shows: "Paparan",
    pick: "Pilih meter untuk dipaparkan.",
    gone: "Meter ini tidak ada (lagi).",
    none: "Belum ada meter.",
    add: "Tambah akaun",
    broken: "Ini tidak dapat dipaparkan buat masa ini; lihat konsol pelayar.",
    unknown: "Baki belum diketahui",
    asOf: "setakat {when}",
    top: "Tambah nilai",
    until: "Cukup sehingga {day}",
    range: "({from} – {to})",
    between: "antara {from} dengan {to}",
    past: "Dijangka cukup sehingga {day}",
    empty: "Baki sudah habis",
    noForecast: "Belum diketahui bila baki akan habis",
    low: "Kredit rendah",
    lowDays: "Kredit rendah: tinggal kira-kira {days}",
    signInFirst: "Perlu log masuk: bacaan terhenti sehingga itu",
    thisMonth: "Bulan ini",
    ofAbout: "daripada kira-kira {cost}",
    tier: "Tahap {n} daripada {all}",
    left: "baki {units}",
    month: "Penggunaan harian",
    day: "Penggunaan setiap jam",
    year: "Dua belas bulan terakhir",
    loading: "Membaca statistik…",
    noData: "Belum ada bacaan",
    failed: "Statistik tidak dapat dibaca buat masa ini",
    most: "paling banyak: {bar}",
    soFar: "setakat ini",
    when: "Masa",
    use: "Penggunaan",
    cost: "Kos",
    lastMonth: "Kos bulan lepas",
    yesterday: "Penggunaan semalam",
    lastTopUp: "Tambah nilai terakhir",
    toppedUp: "Tambah nilai bulan ini",
    signIn: "Perlu log masuk",
    why: "Portal telah menamatkan sesi. Taip apa yang ditunjukkan pada gambar.",
    characters: "Aksara dalam gambar",
    picture: "Captcha: lima huruf dan angka untuk ditaip",
    drawing: "Mendapatkan gambar…",
    sending: "Sedang log masuk…",
    noPicture: "Gambar tidak dapat dipaparkan.",
    send: "Log masuk",
    another: "Gambar lain",
    show: "Tunjukkan gambar",
    again: "Cuba lagi",
    captcha_refused: "Itu bukan yang ditunjukkan pada gambar. Ini gambar yang baharu.",
    captcha_expired: "Gambar itu bukan lagi yang terkini. Ini gambar yang baharu.",
    done: "Berjaya log masuk. Bacaan sedang diambil.",
    fine: "Sudah log masuk; tiada apa-apa perlu dibuat.",
    history: "Sejarah sedang dibaca: {percent}",
    timeLeft: "kira-kira {time} lagi",
    errors: {
      cannot_connect: "Portal USMS tidak dapat dihubungi.",
      password_refused:
        "Portal USMS menolak kata laluan. Log masuk di Peranti & perkhidmatan dengan yang baharu.",
      portal_unavailable: "Portal USMS tidak tersedia buat masa ini.",
    },
    fallback: "Log masuk gagal; lihat log untuk maklumat lanjut.",
  },
};

// --- words, numbers and days, as the frontend writes them ---

export const languageOf = (hass, config) => {
  // The frontend has no Malay and falls back to English: a browser in Malay shows what is meant.
  const browser = hass.selectedLanguage ? "" : globalThis.navigator?.language;
  const wanted = [config?.language, hass.language, hass.config?.language, browser];
  if (config?.language in TEXTS) return config.language;
  return wanted.some((language) => language?.startsWith("ms")) ? "ms" : "en";
};

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

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
  const grouping = format === "none" ? { useGrouping: false } : {};
  return new Intl.NumberFormat(locale, { ...grouping, ...options }).format(value);
};

export const money = (hass, amount, currency = "BND") =>
  number(hass, amount, { style: "currency", currency, minimumFractionDigits: 2 });

const amount = (hass, value, unit) =>
  `${number(hass, value, { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 2 })} ${unit}`;

const span = (language, value, unit) =>
  new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    unitDisplay: "long",
    maximumFractionDigits: 0,
  }).format(value);

export const date = (hass, language, day, options, zone) => {
  const { language: chosen = "en", date_format: order, time_zone, time_format } = hass.locale ?? {};
  const british = chosen === "en" && order === "DMY" ? "en-GB" : chosen;
  const hour12 = { 12: true, 24: false }[time_format];
  return new Intl.DateTimeFormat(language === "ms" ? "ms" : british, {
    timeZone: zone ?? (time_zone === "server" ? hass.config?.time_zone : undefined),
    ...(hour12 === undefined || !("hour" in options) ? {} : { hour12 }),
    ...options,
  }).format(day);
};

const LONG_DAY = { weekday: "long", day: "numeric", month: "long" };
const DAY = { day: "numeric", month: "long" };
const CLOCK = { hour: "numeric", minute: "2-digit" };

const dated = (options, day, now) =>
  Math.abs(day - now) > 300 * 864e5 ? { ...options, year: "numeric" } : options;

// The parts of a moment on the clocks of a zone: year, month (from 0), day, hour.
export const clock = (moment, zone) => {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(moment);
  const { year, month, day, hour, minute, second } = Object.fromEntries(
    parts.map(({ type, value }) => [type, Number(value)]),
  );
  return { year, month: month - 1, day, hour, asUtc: Date.UTC(year, month - 1, day, hour, minute, second) };
};

// When a day begins in a zone; months and days beyond their end go on, as in Date.UTC.
export const midnight = (year, month, day, zone) => {
  const utc = Date.UTC(year, month, day);
  const offset = (moment) => clock(moment, zone).asUtc - moment;
  return new Date(utc - offset(utc - offset(utc)));
};

// --- meters and accounts, by the registries ---

const perRegistry = new WeakMap();

const usmsDevices = (hass) => {
  const entities = hass.entities ?? {};
  if (!perRegistry.has(entities)) {
    const devices = {};
    for (const { platform, device_id, translation_key, entity_id } of Object.values(entities)) {
      if (platform === "usms" && device_id && translation_key)
        (devices[device_id] ??= {})[translation_key] = entity_id;
    }
    perRegistry.set(entities, devices);
  }
  return perRegistry.get(entities);
};

const known = (state) => state && !["unknown", "unavailable"].includes(state.state);
const numeric = (value) => (value === null || value === "" || isNaN(value) ? undefined : Number(value));

// What a card shows: a device and its entities by translation key.
export const thing = (hass, id) => {
  const ids = usmsDevices(hass)[id] ?? {};
  const device = hass.devices?.[id] ?? {};
  const state = (key) => hass.states?.[ids[key]];
  const value = (key) => (known(state(key)) ? numeric(state(key).state) : undefined);
  const classes = Object.keys(ids).map((key) => state(key)?.attributes?.device_class ?? "");
  const serial = device.serial_number ?? "";
  const utility =
    classes.some((name) => /^(water|volume)/.test(name)) || serial.length === 10
      ? "water"
      : "electricity";
  return {
    id,
    ids,
    state,
    value,
    attribute: (key, ...names) =>
      names.map((name) => state(key)?.attributes?.[name]).find((found) => found != null),
    on: (key) => state(key)?.state === "on",
    name: device.name_by_user || device.name || "USMS",
    entry: device.primary_config_entry ?? device.config_entries?.[0],
    utility,
    icon: utility === "water" ? "mdi:water" : "mdi:flash",
    unit: utility === "water" ? "m³" : "kWh",
    series: (name) => (serial ? `usms:${utility}_${serial}_${name}` : undefined),
  };
};

export const meters = (hass) =>
  Object.entries(usmsDevices(hass))
    .filter(([id, ids]) => "balance" in ids && hass.devices?.[id])
    .map(([id]) => thing(hass, id))
    .sort((a, b) => a.utility.localeCompare(b.utility) || a.name.localeCompare(b.name));

export const accounts = (hass) =>
  Object.entries(usmsDevices(hass))
    .filter(([id, ids]) => "sign_in_needed" in ids && hass.devices?.[id])
    .map(([id]) => thing(hass, id));

const accountOf = (hass, meter) =>
  accounts(hass).find(({ entry }) => entry && entry === meter.entry) ?? thing(hass, "");

// --- HTML, escaped ---

class Html {
  constructor(text) {
    this.text = text;
  }
}

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const plain = (value) => {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(plain).join("");
  return value == null || value === false ? "" : String(value).replace(/[&<>"']/g, (c) => ESCAPES[c]);
};

export const html = (strings, ...values) =>
  new Html(strings.reduce((all, text, i) => all + plain(values[i - 1]) + text));

// Numbers and dates keep their direction where the page runs from right to left.
const bdi = (value) => html`<bdi>${value}</bdi>`;

const filled = (text, values) =>
  text.split(/(\{\w+\})/).map((part) => (/^\{/.test(part) ? bdi(values[part.slice(1, -1)]) : part));

const note = (kind, icon, text) =>
  html`<p class="note ${kind}"><ha-icon icon="mdi:${icon}"></ha-icon><span>${text}</span></p>`;

const STYLE = `
:host { display: block; }
:host([hidden]) { display: none; }
ha-card { display: flex; flex-direction: column; gap: var(--ha-space-4, 16px); height: 100%;
  padding: var(--ha-space-4, 16px); box-sizing: border-box; color: var(--primary-text-color);
  font-size: var(--ha-font-size-m, 14px); line-height: 1.4; }
p, h2, dl, dd, form { margin: 0; }
button, input { font: inherit; color: inherit; }
.row { display: flex; justify-content: space-between; align-items: baseline; gap: 2px 12px;
  flex-wrap: wrap; }
.row > :last-child { text-align: end; }
h2 { font-size: var(--ha-font-size-l, 16px); font-weight: 500; }
.head { align-items: center; flex-wrap: nowrap; color: var(--secondary-text-color); }
.name { display: flex; align-items: center; gap: 8px; min-width: 0; font-weight: 400;
  font-size: inherit; }
.name ha-icon { color: var(--state-icon-color, var(--primary-color)); flex: none; }
.name span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pill { flex: none; display: inline-flex; align-items: center; gap: 6px; min-height: 36px;
  padding: 0 14px; border: 0; border-radius: 18px; cursor: pointer; font-weight: 500;
  color: var(--primary-color); text-decoration: none; box-sizing: border-box;
  background: color-mix(in srgb, var(--primary-color) 12%, transparent); }
.pill.main { color: var(--text-primary-color, #fff); background: var(--primary-color); }
.pill[disabled] { opacity: .5; cursor: default; }
.pill ha-icon { --mdc-icon-size: 16px; }
.more { display: block; width: 100%; padding: 0; border: 0; border-radius: 4px; background: none;
  text-align: start; cursor: pointer; }
:is(.more, .pill, input, .plot):focus-visible { outline: 2px solid var(--primary-color);
  outline-offset: 3px; }
.balance { font-size: 40px; line-height: 1.15; font-weight: 500; letter-spacing: -.5px; }
.balance.old { font-size: 24px; letter-spacing: 0; color: var(--secondary-text-color); }
.balance.low { color: var(--error-color); }
.lasts { font-size: 16px; }
.lasts b { font-weight: 500; }
.dim { color: var(--secondary-text-color); }
b { font-weight: 500; }
.note { display: flex; align-items: center; gap: 8px; padding: 8px 12px; border-radius: 8px;
  background: color-mix(in srgb, var(--note) 14%, transparent); }
.note ha-icon { color: var(--note); flex: none; --mdc-icon-size: 20px; }
.error { --note: var(--error-color, #db4437); }
.warning { --note: var(--warning-color, #ffa600); }
.info { --note: var(--info-color, var(--primary-color)); }
.bar { position: relative; height: 12px; margin-top: 6px; border-radius: 6px; overflow: hidden;
  background: var(--divider-color); }
.bar.thin { height: 6px; }
.bar i { position: absolute; inset-block: 0; inset-inline-start: 0; }
.bar .is { border-start-end-radius: 6px; border-end-end-radius: 6px;
  background: var(--primary-color); }
.bar .may { background: color-mix(in srgb, var(--primary-color) 35%, transparent); }
.bar .mark { width: 2px; margin-inline-start: -1px; background: var(--primary-text-color); }
.bar.near .is { background: var(--warning-color, #ffa600); }
.bar:not(.near).thin .is { background: color-mix(in srgb, var(--primary-color) 60%, transparent); }
.plot { position: relative; display: flex; align-items: flex-end; height: 132px; margin-top: 14px;
  border-bottom: 1px solid var(--divider-color); touch-action: pan-y; }
.plot .line { position: absolute; inset-inline: 0; border-top: 1px dashed var(--divider-color);
  font-size: 11px; line-height: 1; color: var(--secondary-text-color); pointer-events: none; }
.plot .line bdi { position: absolute; bottom: 2px; inset-inline-start: 0; padding-inline: 2px;
  border-radius: 2px; background: color-mix(in srgb, var(--card-background-color) 75%, transparent); }
.slot { flex: 1; height: 100%; display: flex; align-items: flex-end; padding-inline: 1px;
  min-width: 0; }
.slot i { flex: 1; min-height: 1px; border-radius: 3px 3px 0 0; background: var(--primary-color);
  opacity: .75; }
.slot i.now { opacity: .4; }
.slot:hover i, .slot.on i { opacity: 1; }
.slot.on { background: color-mix(in srgb, var(--primary-color) 12%, transparent); }
.axis { display: flex; margin-top: 4px; font-size: 11px; color: var(--secondary-text-color); }
.axis span { flex: 1; min-width: 0; display: flex; justify-content: center; white-space: nowrap; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
table.year { width: 100%; border-collapse: collapse; }
.year :is(th, td) { padding: 3px 0; font-weight: 400; text-align: end; white-space: nowrap; }
.year th:first-child { text-align: start; }
.year td + td { padding-inline-start: 12px; }
.year .track { width: 100%; padding-inline: 12px 0; }
.year .track i { display: block; height: 8px; min-width: 1px; border-radius: 4px;
  background: var(--primary-color); opacity: .75; }
.year .now i { opacity: .4; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 14px 16px; }
dt { color: var(--secondary-text-color); font-size: 12px; }
dd { font-size: 16px; }
dd small { display: block; font-size: 12px; color: var(--secondary-text-color); }
form { display: flex; flex-direction: column; gap: 12px; max-width: 420px; }
.picture { display: flex; align-items: center; justify-content: center; min-height: 96px;
  border-radius: 8px; overflow: hidden; background: #fff; color: #555; }
.picture img { display: block; width: 100%; max-width: 400px; height: auto; }
label { display: flex; flex-direction: column; gap: 4px; color: var(--secondary-text-color);
  font-size: 12px; }
input { min-height: 44px; padding: 0 12px; border: 1px solid var(--secondary-text-color);
  border-radius: 8px; background: var(--card-background-color); font-size: 20px;
  letter-spacing: 3px; color: var(--primary-text-color); box-sizing: border-box; width: 100%; }
.actions { display: flex; flex-wrap: wrap; gap: 8px; }
`;

// --- cards ---

const FORM_LANGUAGE = {
  name: "language",
  selector: {
    select: {
      mode: "dropdown",
      options: [
        { value: "en", label: "English" },
        { value: "ms", label: "Bahasa Melayu" },
      ],
    },
  },
};

const METER = { integration: "usms", domain: "sensor", device_class: "monetary" };
const FORM_METER = { name: "device", selector: { device: { entity: [METER] } } };

const form = (...schema) => ({
  schema,
  computeLabel: ({ name }, localizeOrHass) => {
    void localizeOrHass;
    return { device: "Meter", account: "Account", language: "Language", show: "Shows" }[name] ?? name;
  },
});

class UsmsCard extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: "open" });
    this._body = undefined;
    this.shadowRoot.addEventListener("click", (event) => {
      const { entity } = event.target.closest?.("[data-entity]")?.dataset ?? {};
      if (!entity) return;
      const detail = { entityId: entity };
      this.dispatchEvent(new CustomEvent("hass-more-info", { detail, bubbles: true, composed: true }));
    });
  }

  static getConfigForm() {
    return form(FORM_METER, FORM_LANGUAGE);
  }

  static getStubConfig(hass) {
    return { device: meters(hass)[0]?.id ?? "" };
  }

  setConfig(config) {
    this._config = config ?? {};
    this.update();
  }

  set hass(hass) {
    const old = this._hass;
    this._hass = hass;
    if (!old || this.concerns(old, hass)) this.update();
  }

  get hass() {
    return this._hass;
  }

  // Whether anything changed that the card shows.
  concerns(old, hass) {
    return (
      ["entities", "devices", "locale", "language", "formatEntityState", "config"].some(
        (what) => old[what] !== hass[what],
      ) || (this._watched ?? []).some((id) => old.states?.[id] !== hass.states?.[id])
    );
  }

  connectedCallback() {
    // Days go by without a change of any state.
    this._timer ??= setInterval(() => this.update(), 60_000);
    this.update();
  }

  disconnectedCallback() {
    clearInterval(this._timer);
    this._timer = undefined;
  }

  getCardSize() {
    return 4;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  update() {
    if (!this._hass || !this._config) return;
    const text = TEXTS[languageOf(this._hass, this._config)];
    let body;
    try {
      body = this.body(this._hass, text).text;
    } catch (error) {
      console.warn("usms:", error);
      body = note("warning", "alert-outline", text.broken).text;
    }
    if (body === this._body) return;
    this._body = body;
    const root = this.shadowRoot;
    const focused = root.activeElement?.dataset?.focus;
    root.innerHTML = `<style>${STYLE}</style><ha-card>${body}</ha-card>`;
    if (focused) root.querySelector(`[data-focus="${focused}"]`)?.focus();
    this.drawn?.(root);
  }

  // The meter of the card, or why there is none.
  meter(hass, text) {
    const id = this._config.device;
    const meter = thing(hass, id);
    const account = accountOf(hass, meter);
    this._watched = [...Object.values(meter.ids), ...Object.values(account.ids)];
    if ("balance" in meter.ids) return { meter, account };
    const missing = id ? text.gone : meters(hass).length ? text.pick : text.none;
    return { missing: note("info", "meter-electric-outline", missing) };
  }

  // Something to press that opens an entity's dialog.
  more(meter, key, content, label) {
    const entity = meter.ids[key];
    if (!entity) return content;
    return html`<button class="more" type="button" data-entity="${entity}" data-focus="${key}"
      aria-label="${label}">${content}</button>`;
  }
}

export class MeterCard extends UsmsCard {
  body(hass, text) {
    const { meter, account, missing } = this.meter(hass, text);
    if (missing) return missing;
    const language = languageOf(hass, this._config);
    const url = meter.attribute("balance", "top_up_url");
    return html`
      <div class="row head">
        <h2 class="name"><ha-icon icon="${meter.icon}"></ha-icon><span>${meter.name}</span></h2>
        ${/^https?:/.test(url ?? "") &&
        html`<a class="pill" href="${url}" target="_blank" rel="noreferrer"
          >${text.top}<ha-icon icon="mdi:open-in-new"></ha-icon></a>`}
      </div>
      <div>${this.balance(hass, text, language, meter)}${this.lasts(hass, text, language, meter)}</div>
      ${this.notes(text, language, meter, account)}
      ${this.month(hass, text, meter)} ${this.tier(hass, text, meter)}`;
  }

  balance(hass, text, language, meter) {
    let state = meter.state("balance");
    let since = meter.attribute("balance", "as_of");
    if (!known(state)) {
      this.remember(hass, meter.ids.balance);
      const last = this._last?.id === meter.ids.balance ? this._last : {};
      if (!last.state) return html`<p class="balance old">${text.unknown}</p>`;
      ({ state, since } = last);
    }
    const amount = numeric(state.state);
    const shown =
      amount === undefined
        ? state.state
        : money(hass, amount, state.attributes?.unit_of_measurement);
    const day = new Date(since ?? NaN);
    const old = Date.now() - day > 2 * 36e5;
    const zone = hass.config?.time_zone;
    const today = old && date(hass, "en", day, DAY, zone) === date(hass, "en", Date.now(), DAY, zone);
    const when = old && date(hass, language, day, today ? CLOCK : { ...dated(DAY, day, Date.now()), ...CLOCK });
    const note = old && fill(text.asOf, { when });
    const low = meter.on("low_credit") || amount <= 0;
    return this.more(
      meter,
      "balance",
      html`<span class="balance ${old ? "old" : ""} ${low ? "low" : ""}">${bdi(shown)}</span>
        ${old && html` <span class="dim">${note}</span>`}`,
      [shown, note].filter(Boolean).join(", "),
    );
  }

  // The last balance that the recorder knows, for one that is not available: asked for once.
  async remember(hass, id) {
    if (this._last?.id === id || !id) return;
    this._last = { id };
    try {
      const found = await hass.callWS({
        type: "history/history_during_period",
        start_time: new Date(Date.now() - 10 * 864e5).toISOString(),
        entity_ids: [id],
        no_attributes: true,
        minimal_response: true,
        significant_changes_only: false,
      });
      const row = (found[id] ?? []).findLast(({ s }) => numeric(s) !== undefined);
      if (!row) return;
      const attributes = { unit_of_measurement: hass.states[id]?.attributes?.unit_of_measurement };
      this._last = { id, since: row.lu * 1000, state: { state: row.s, attributes } };
      this.update();
    } catch (error) {
      console.warn("usms:", error);
    }
  }

  lasts(hass, text, language, meter) {
    const state = meter.state("runs_out");
    const day = known(state) ? new Date(state.state) : undefined;
    if (meter.value("balance") <= 0) return html`<p class="lasts"><b>${text.empty}</b></p>`;
    if (!day || isNaN(day)) return html`<p class="lasts dim">${text.noForecast}</p>`;
    const now = Date.now();
    const said = { day: date(hass, language, day, dated(LONG_DAY, day, now)) };
    const words = day < now ? text.past : text.until;
    const [from, to] = [["early", "low"], ["late", "high"]].map((names) => {
      const end = new Date(meter.attribute("runs_out", ...names) ?? NaN);
      return isNaN(end) ? "" : date(hass, language, end, dated(DAY, end, now));
    });
    const ranged = from && to && from !== to;
    return this.more(
      meter,
      "runs_out",
      html`<span class="lasts"><b>${filled(words, said)}</b>
        ${ranged && html`<span class="dim">${filled(text.range, { from, to })}</span>`}</span>`,
      fill(words, said) + (ranged ? `, ${fill(text.between, { from, to })}` : ""),
    );
  }

  notes(text, language, meter, account) {
    const days = meter.value("days_left");
    const low = days > 0 ? fill(text.lowDays, { days: span(language, Math.max(1, days), "day") }) : text.low;
    return [
      meter.on("low_credit") && note("error", "wallet-outline", low),
      account.on("sign_in_needed") && note("warning", "account-alert", text.signInFirst),
    ];
  }

  month(hass, text, meter) {
    const spent = meter.value("cost_this_month");
    const used = meter.value("consumption_this_month");
    if (spent === undefined) {
      if (used === undefined) return "";
      const shown = amount(hass, used, meter.unit);
      const row = html`<span class="row"><span>${text.thisMonth}</span><b>${bdi(shown)}</b></span>`;
      return this.more(meter, "consumption_this_month", row, `${text.thisMonth}: ${shown}`);
    }
    const about = meter.value("forecast_cost");
    const low = numeric(meter.attribute("forecast_cost", "low") ?? NaN) ?? about;
    const high = numeric(meter.attribute("forecast_cost", "high") ?? NaN) ?? about;
    const cost = (value) => money(hass, value, meter.attribute("cost_this_month", "unit_of_measurement"));
    const share = (value) => `${Math.min(100, (100 * value) / Math.max(high, about, spent, 0.01)).toFixed(1)}%`;
    const forecast = about !== undefined;
    const said = forecast ? fill(text.ofAbout, { cost: cost(about) }) : "";
    const between = forecast && low < high ? `, ${fill(text.between, { from: cost(low), to: cost(high) })}` : "";
    return this.more(
      meter,
      "cost_this_month",
      html`<span class="row"><span>${text.thisMonth}</span>
          <span><b>${bdi(cost(spent))}</b>
            ${forecast && html`<span class="dim">${filled(text.ofAbout, { cost: cost(about) })}</span>`}</span>
        </span>
        ${forecast &&
        html`<span class="bar" style="display:block">
          <i class="may" style="inset-inline-start:${share(low)};width:calc(${share(high)} - ${share(low)})"></i>
          <i class="is" style="width:${share(spent)}"></i>
          <i class="mark" style="inset-inline-start:min(${share(about)}, calc(100% - 1px))"></i></span>`}`,
      `${text.thisMonth}: ${cost(spent)} ${said}${between}`,
    );
  }

  tier(hass, text, meter) {
    const n = meter.value("tier");
    const all = numeric(meter.attribute("tier", "tiers") ?? NaN);
    if (n === undefined || !(all > 1)) return "";
    const start = numeric(meter.attribute("tier", "start") ?? NaN);
    const end = numeric(meter.attribute("tier", "end") ?? NaN);
    const left = meter.value("units_left_in_tier");
    const unit = meter.attribute("units_left_in_tier", "unit_of_measurement") ?? meter.unit;
    const units = number(hass, left, { maximumFractionDigits: 1 });
    const rest = left === undefined ? "" : fill(text.left, { units: `${units} ${unit}` });
    const used = end > start && left !== undefined ? Math.max(0, Math.min(1, 1 - left / (end - start))) : undefined;
    const said = fill(text.tier, { n, all });
    return this.more(
      meter,
      "tier",
      html`<span class="row"><span>${said}</span><span class="dim">${bdi(rest)}</span></span>
        ${used !== undefined &&
        html`<span class="bar thin ${used > 0.9 ? "near" : ""}" style="display:block">
          <i class="is" style="width:${(100 * used).toFixed(1)}%"></i></span>`}`,
      [said, rest].filter(Boolean).join(", "),
    );
  }

  getCardSize() {
    return 5;
  }
}

// --- use over time, from the statistics ---

// A scale's end that reads well, not below the largest value.
export const scale = (largest) => {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((end) => end >= largest * 0.999);
};

// The bars of a period: when each begins, the last of them where the period ends.
export const slots = (show, now, zone) => {
  const { year, month, day } = clock(now, zone);
  if (show === "year")
    return Array.from({ length: 13 }, (_, i) => midnight(year, month - 11 + i, 1, zone));
  if (show === "month") {
    const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    return Array.from({ length: length + 1 }, (_, i) => midnight(year, month, 1 + i, zone));
  }
  const hours = [];
  const end = midnight(year, month, day, zone).getTime();
  for (let at = midnight(year, month, day - 1, zone).getTime(); at <= end; at += 36e5)
    hours.push(new Date(at));
  return hours;
};

const PERIODS = { month: "day", day: "hour", year: "month" };

export class UsageCard extends UsmsCard {
  constructor() {
    super();
    const pick = (event) => {
      const slot = this.shadowRoot.elementFromPoint?.(event.clientX, event.clientY);
      this.select(Number(slot?.closest?.("[data-i]")?.dataset.i ?? NaN));
    };
    for (const name of ["pointermove", "pointerdown"])
      this.shadowRoot.addEventListener(name, (event) => event.target.closest?.(".plot") && pick(event));
    this.addEventListener("pointerleave", () => this.select(NaN));
    this.shadowRoot.addEventListener("keydown", (event) => this.step(event));
  }

  static getConfigForm() {
    const options = Object.keys(PERIODS).map((value) => ({ value, label: TEXTS.en[value] }));
    return form(FORM_METER, { name: "show", selector: { select: { options } } }, FORM_LANGUAGE);
  }

  static getStubConfig(hass) {
    return { device: meters(hass)[0]?.id ?? "", show: "month" };
  }

  get show() {
    return this._config.show in PERIODS ? this._config.show : "month";
  }

  body(hass, text) {
    const { meter, missing } = this.meter(hass, text);
    if (missing) return missing;
    const language = languageOf(hass, this._config);
    this.load(hass, meter);
    const rows = this._rows;
    const title = html`<h2>${text[this.show]}</h2>`;
    if (!rows?.some(({ use }) => use !== undefined)) {
      const words = this._failed ? text.failed : rows ? text.noData : text.loading;
      return html`${title}<p class="dim" role="status">${words}</p>`;
    }
    const zone = hass.config?.time_zone;
    const label = {
      month: (at) => date(hass, language, at, { weekday: "short", day: "numeric", month: "short" }, zone),
      day: (at) => date(hass, language, at, CLOCK, zone),
      year: (at) => date(hass, language, at, { month: "short", year: "numeric" }, zone),
    }[this.show];
    const cost = (value) => (value === undefined ? "" : money(hass, value));
    const bars = rows.map(({ start, use, cost: price, now }) => ({
      now,
      use,
      when: label(start),
      amount: use === undefined ? "–" : amount(hass, use, meter.unit),
      cost: cost(price),
      start,
    }));
    const sum = (key) => {
      const all = rows.map((row) => row[key]).filter((value) => value !== undefined);
      return all.length ? all.reduce((a, b) => a + b) : undefined;
    };
    const total = [amount(hass, sum("use"), meter.unit), cost(sum("cost"))].filter(Boolean).join(" · ");
    const of = this.show === "day" ? date(hass, language, rows[0].start, dated(DAY, rows[0].start, Date.now()), zone) : "";
    this._readouts = bars.map((bar) => [bar.when, bar.amount, bar.cost].filter(Boolean).join(" · "));
    this._total = [of, total].filter(Boolean).join(" · ");
    const head = html`<div class="row">${title}
      <span class="dim" aria-live="polite" id="readout">${bdi(this._total)}</span></div>`;
    const top = scale(Math.max(...rows.map(({ use }) => use ?? 0)));
    return this.show === "year"
      ? html`${head}${this.table(text, bars, top)}`
      : html`${head}${this.chart(hass, text, bars, top, meter, zone)}`;
  }

  chart(hass, text, bars, top, meter, zone) {
    const most = bars.reduce((a, b) => ((b.use ?? -1) > (a.use ?? -1) ? b : a));
    const summary = [
      `${text[this.show]}: ${this._total}`,
      fill(text.most, { bar: `${most.when}, ${most.amount}` }),
    ].join("; ");
    const tick = (start, i) => {
      if (this.show === "month") return i % 7 ? "" : String(clock(start, zone).day);
      return i % 6 ? "" : date(hass, languageOf(hass, this._config), start, { hour: "numeric" }, zone);
    };
    const line = (share) =>
      html`<span class="line" style="bottom:${100 * share}%"
        ><bdi>${amount(hass, top * share, meter.unit)}</bdi></span>`;
    return html`<div>
      <div class="plot" role="img" tabindex="0" data-focus="plot" aria-label="${summary}">
        ${bars.map(
          ({ use, now }, i) => html`<span class="slot" data-i="${i}">${
            use !== undefined &&
            html`<i class="${now ? "now" : ""}" style="height:${((100 * Math.max(0, use)) / top).toFixed(1)}%"></i>`
          }</span>`,
        )}
        ${line(1)}${line(0.5)}
      </div>
      <div class="axis" aria-hidden="true">${bars.map(({ start }, i) => html`<span>${tick(start, i)}</span>`)}</div>
      <table class="sr">
        <tr><th>${text.when}</th><th>${text.use}</th><th>${text.cost}</th></tr>
        ${bars
          .filter(({ use }) => use !== undefined)
          .map((bar) => html`<tr><th>${bar.when}</th><td>${bar.amount}</td><td>${bar.cost}</td></tr>`)}
      </table></div>`;
  }

  table(text, bars, top) {
    const row = (bar) => html`<tr class="${bar.now ? "now" : ""}">
      <th scope="row">${bar.when}${bar.now && html`<span class="sr"> ${text.soFar}</span>`}</th>
      <td class="track" aria-hidden="true"><i style="width:${((100 * Math.max(0, bar.use)) / top).toFixed(1)}%"></i></td>
      <td>${bdi(bar.amount)}</td><td><b>${bdi(bar.cost)}</b></td></tr>`;
    return html`<table class="year">
      <tr class="sr"><th>${text.when}</th><td></td><th>${text.use}</th><th>${text.cost}</th></tr>
      ${bars.filter(({ use }) => use !== undefined).map(row).reverse()}</table>`;
  }

  // Reads the statistics where they may have changed since the last time.
  async load(hass, meter) {
    const starts = slots(this.show, Date.now(), hass.config?.time_zone);
    const facts = ["consumption_this_month", "consumption_yesterday", "cost_this_month", "history_progress"];
    const all = { ...accountOf(hass, meter).ids, ...meter.ids };
    const key = [meter.id, this.show, +starts[0], ...facts.map((fact) => hass.states[all[fact]]?.state)].join();
    if (key === this._key) return;
    if (!this._key?.startsWith(`${meter.id},${this.show},${+starts[0]}`)) this._rows = undefined;
    this._key = key;
    try {
      const rows = await this.read(hass, meter, starts);
      if (key !== this._key) return;
      this._rows = rows;
      this._failed = false;
    } catch (error) {
      console.warn("usms:", error);
      this._failed = true;
      this._rows ??= [];
    }
    this.update();
  }

  async read(hass, meter, starts) {
    const ids = [meter.series("consumption"), meter.series("cost")];
    if (!ids[0]) return [];
    const fetch = (first, last) =>
      hass.callWS({
        type: "recorder/statistics_during_period",
        start_time: first.toISOString(),
        end_time: last.toISOString(),
        statistic_ids: ids,
        period: PERIODS[this.show],
        types: ["change"],
        units: { energy: "kWh", volume: "m³" },
      });
    const rows = (found, from) => {
      const [use, cost] = ids.map(
        (id) => new Map((found[id] ?? []).map(({ start, change }) => [+new Date(start), change ?? undefined])),
      );
      return from.slice(0, -1).map((start, i) => ({
        start,
        use: use.get(+start),
        cost: cost.get(+start),
        now: from[i + 1] > Date.now(),
      }));
    };
    return rows(await fetch(starts[0], starts.at(-1)), starts);
  }

  select(index) {
    const slot = this.shadowRoot.querySelector(`[data-i="${index}"]`);
    this.shadowRoot.querySelector(".slot.on")?.classList.remove("on");
    slot?.classList.add("on");
    this._selected = slot ? index : NaN;
    const readout = this.shadowRoot.querySelector("#readout bdi");
    if (readout) readout.textContent = (slot && this._readouts?.[index]) ?? this._total;
  }

  step(event) {
    const way = { ArrowLeft: -1, ArrowRight: 1, Escape: NaN }[event.key];
    if (way === undefined || !event.target.closest?.(".plot")) return;
    event.preventDefault();
    const count = this._readouts?.length ?? 0;
    const ahead = getComputedStyle(this).direction === "rtl" ? -way : way;
    const from = isNaN(this._selected ?? NaN) ? (ahead > 0 ? -1 : count) : this._selected;
    this.select(isNaN(way) ? NaN : Math.max(0, Math.min(count - 1, from + ahead)));
  }
}

export class FactsCard extends UsmsCard {
  body(hass, text) {
    const { meter, missing } = this.meter(hass, text);
    if (missing) return missing;
    const language = languageOf(hass, this._config);
    const state = (key) => known(meter.state(key)) && meter.state(key);
    const cash = (key) => (meter.value(key) === undefined ? "–" : money(hass, meter.value(key)));
    const day = state("last_top_up") && new Date(state("last_top_up").state);
    const topUp = numeric(meter.attribute("last_top_up", "amount") ?? NaN);
    const used = meter.value("consumption_yesterday");
    const facts = [
      ["consumption_yesterday", text.yesterday, used === undefined ? "–" : amount(hass, used, meter.unit)],
      ["cost_last_month", text.lastMonth, cash("cost_last_month")],
      [
        "last_top_up",
        text.lastTopUp,
        topUp === undefined ? "–" : money(hass, topUp),
        day && !isNaN(day) ? date(hass, language, day, dated(DAY, day, Date.now())) : "",
      ],
      ["topped_up_this_month", text.toppedUp, cash("topped_up_this_month")],
    ];
    return html`<dl>${facts
      .filter(([key]) => key in meter.ids)
      .map(([key, name, value, more]) => html`<div><dt>${name}</dt><dd>${this.more(
        meter,
        key,
        html`${bdi(value)}${more && html`<small>${bdi(more)}</small>`}`,
        [name, value, more].filter(Boolean).join(", "),
      )}</dd></div>`)}</dl>`;
  }
}

// --- the account: signing in, and how far the history has come ---

const STALE = 5 * 60_000; // a picture that waited for longer is drawn anew

// After a refusal nothing is sent again unless a person wants it, not even after a reload.
const refusals = {
  key: (entry) => `usms-refused-${entry}`,
  get: (entry) => {
    try {
      return localStorage.getItem(refusals.key(entry));
    } catch {
      return undefined;
    }
  },
  set: (entry, text) => {
    try {
      if (text) localStorage.setItem(refusals.key(entry), text);
      else localStorage.removeItem(refusals.key(entry));
    } catch {
      // A browser without storage forgets.
    }
  },
};

export class AccountCard extends UsmsCard {
  constructor() {
    super();
    this._answer = "";
    const root = this.shadowRoot;
    root.addEventListener("input", (event) => (this._answer = event.target.value));
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this._answer.trim()) this.signIn(this._answer.trim());
    });
    root.addEventListener("click", (event) => {
      if (event.target.closest?.("[data-draw]")) this.signIn();
    });
    root.addEventListener(
      "error",
      ({ target }) => {
        if (target.localName !== "img") return;
        this._unseen = target.getAttribute("src");
        this.update();
      },
      true,
    );
  }

  static getConfigForm() {
    const account = { integration: "usms", domain: "image" };
    return form({ name: "account", selector: { device: { entity: [account] } } }, FORM_LANGUAGE);
  }

  static getStubConfig(hass) {
    return { account: accounts(hass)[0]?.id ?? "" };
  }

  connectedCallback() {
    super.connectedCallback();
    // The picture is drawn when a person can see it, not before.
    this._observer ??= globalThis.IntersectionObserver && new IntersectionObserver((entries) => {
      this._seen = entries.at(-1).isIntersecting;
      this.update();
    });
    this._observer?.observe(this);
    this._awake ??= () => this.update();
    document.addEventListener("visibilitychange", this._awake);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._observer?.disconnect();
    document.removeEventListener("visibilitychange", this._awake);
    this._seen = false;
  }

  body(hass, text) {
    const account = this.account(hass);
    this._watched = Object.values(account.ids);
    const needed = account.on("sign_in_needed");
    const percent = account.value("history_progress");
    const reading = percent < 100;
    this.appear(needed || reading || this._done || this.preview || !account.entry);
    if (!account.entry) return note("info", "account-outline", text.none);
    if (needed) {
      this._done = false;
      this.drawIfSeen(hass, account);
      return this.form(hass, text, account);
    }
    this._drawn = false;
    refusals.set(account.entry, "");
    if (reading) return this.history(hass, text, account, percent);
    return note("info", "account-check", text.fine);
  }

  account(hass) {
    return this._config.account
      ? thing(hass, this._config.account)
      : (accounts(hass)[0] ?? thing(hass, ""));
  }

  appear(wanted) {
    if (this.hidden === !wanted) return;
    this.hidden = !wanted;
    const detail = { value: Boolean(wanted) };
    this.dispatchEvent(new CustomEvent("card-visibility-changed", { detail, bubbles: true, composed: true }));
  }

  history(hass, text, account, percent) {
    const minutes = numeric(account.attribute("history_progress", "minutes_left") ?? NaN);
    const said = fill(text.history, { percent: number(hass, percent / 100, { style: "percent" }) });
    const time = minutes === undefined ? "" : span(languageOf(hass, this._config), Math.max(1, minutes), "minute");
    const rest = time && fill(text.timeLeft, { time });
    return html`<div role="progressbar" aria-label="${[said, rest].filter(Boolean).join(", ")}"
      aria-valuemin="0" aria-valuemax="100" aria-valuenow="${percent}">
      <div class="row"><span>${said}</span><span class="dim">${rest}</span></div>
      <div class="bar thin"><i class="is" style="width:${percent}%"></i></div></div>`;
  }

  // A picture that waits for an answer, or undefined.
  picture(hass, account) {
    const state = account.state("captcha");
    const path = state?.attributes?.entity_picture;
    if (!known(state) || !path) return undefined;
    const url = `${path}&state=${state.state}`;
    return { drawn: new Date(state.state), url: hass.hassUrl ? hass.hassUrl(url) : url };
  }

  // Once for each time that a sign-in is needed, while the card is in sight.
  drawIfSeen(hass, account) {
    if (this._drawn || this._busy || this.preview) return;
    if (!this._seen || document.visibilityState !== "visible") return;
    this._drawn = true;
    const waits = this.picture(hass, account);
    if (waits && Date.now() - waits.drawn < STALE) return;
    this._error = refusals.get(account.entry);
    if (!this._error) this.signIn();
  }

  form(hass, text, account) {
    const picture = this.picture(hass, account);
    const seen = picture && picture.url !== this._unseen;
    const busy = this._busy;
    const dead = busy ? "disabled" : "";
    const waiting = this._busy === "sending" ? text.sending : text.drawing;
    const shown = seen
      ? html`<img src="${picture.url}" alt="${text.picture}">`
      : html`<span>${busy ? waiting : picture ? text.noPicture : "• • • • •"}</span>`;
    const draw = picture ? text.another : this._error ? text.again : text.show;
    return html`
      <h2 class="name"><ha-icon icon="mdi:account-alert" style="color:var(--error-color)"></ha-icon>
        <span>${text.signIn}${accounts(hass).length > 1 && ` – ${account.name}`}</span></h2>
      <p>${text.why}</p>
      <form>
        <div class="picture">${shown}</div>
        <label>${text.characters}
          <input data-focus="answer" dir="ltr" autocomplete="off" autocapitalize="none" spellcheck="false"
            maxlength="20" enterkeyhint="send" ${seen ? "" : "disabled"}></label>
        <p role="status" class="${this._error ? "" : "dim"}" style="${this._error ? "color:var(--error-color)" : ""}"
          >${this._error || this._message || (busy && seen ? waiting : "")}</p>
        <div class="actions">
          <button class="pill main" data-focus="send" ${seen ? dead : "disabled"}>${text.send}</button>
          <button class="pill" type="button" data-draw data-focus="draw" ${dead}>${draw}</button>
        </div>
      </form>`;
  }

  drawn(root) {
    const input = root.querySelector("input");
    if (input) input.value = this._answer;
  }

  // Sends the answer, or asks for a picture.
  async signIn(answer) {
    if (this._busy) return;
    const text = TEXTS[languageOf(this._hass, this._config)];
    const { entry } = this.account(this._hass);
    this._busy = answer ? "sending" : "drawing";
    this._error = this._message = "";
    this.update();
    try {
      const data = answer ? { account: entry, captcha: answer } : { account: entry };
      const done = await this._hass.callService("usms", "sign_in", data, undefined, false, true);
      const { signed_in: signedIn, reason } = done?.response ?? {};
      refusals.set(entry, "");
      this._message = signedIn ? text.done : (text[reason] ?? "");
    } catch (error) {
      this._error = await this.explain(text, error);
      refusals.set(entry, this._error);
    }
    this._answer = "";
    this._unseen = undefined;
    this._busy = undefined;
    this.update();
    const input = this.shadowRoot.querySelector("input");
    if (input) input.value = "";
  }

  async explain(text, error) {
    const key = error?.translation_key;
    if (text.errors[key]) return text.errors[key];
    try {
      const localize = await this._hass.loadBackendTranslation("exceptions", "usms");
      const said = localize?.(`component.usms.exceptions.${key}.message`, error.translation_placeholders);
      return said || error?.message || text.fallback;
    } catch {
      return error?.message || text.fallback;
    }
  }
}

// --- the dashboard ---

const METERS_NEEDED = "/config/integrations/dashboard/add?domain=usms";

export class UsmsStrategy extends HTMLElement {
  static registryDependencies = ["entities", "devices"];

  static getCreateSuggestions() {
    return { title: "USMS", icon: "mdi:meter-electric" };
  }

  static async generate(config, hass) {
    const language = config?.language in TEXTS ? { language: config.language } : {};
    const text = TEXTS[languageOf(hass, config)];
    const found = meters(hass);
    const columns = Math.min(4, Math.max(2, found.length));
    const card = (type, meter, more) => ({ type: `custom:usms-${type}-card`, device: meter.id, ...more, ...language });
    const grid = (...cards) => ({ type: "grid", cards: cards.filter(Boolean) });
    const signIns = accounts(hass).map(({ id, ids }) => ({
      ...grid({ type: "custom:usms-account-card", account: id, ...language }),
      column_span: columns,
      visibility: [
        {
          condition: "or",
          conditions: [
            { condition: "state", entity: ids.sign_in_needed, state: "on" },
            ...(ids.history_progress
              ? [{ condition: "numeric_state", entity: ids.history_progress, below: 100 }]
              : []),
          ],
        },
      ],
    }));
    const hours = (meter) => meter.utility === "electricity" && card("usage", meter, { show: "day" });
    const [only] = found;
    let sections;
    if (!found.length) {
      const words = `${text.none} [${text.add}](${METERS_NEEDED})`;
      sections = [grid({ type: "markdown", content: words })];
    } else if (found.length === 1) {
      sections = [
        grid(card("meter", only), card("usage", only, { show: "month" }), card("facts", only)),
        grid(hours(only), card("usage", only, { show: "year" })),
      ];
    } else {
      // On a phone, where columns follow each other, every balance comes before the first chart.
      sections = [
        ...found.map((meter) => grid(card("meter", meter))),
        ...found.map((meter) =>
          grid(
            { type: "heading", heading: meter.name, heading_style: "subtitle", icon: meter.icon },
            card("usage", meter, { show: "month" }),
            card("facts", meter),
            hours(meter),
            card("usage", meter, { show: "year" }),
          ),
        ),
      ];
    }
    const view = { title: "USMS", type: "sections", max_columns: columns };
    return { title: "USMS", views: [{ ...view, sections: [...signIns, ...sections] }] };
  }
}

// --- telling the frontend ---

const TAGS = {
  "ll-strategy-dashboard-usms": UsmsStrategy,
  "usms-meter-card": MeterCard,
  "usms-usage-card": UsageCard,
  "usms-facts-card": FactsCard,
  "usms-account-card": AccountCard,
};

const define = () => {
  for (const [tag, type] of Object.entries(TAGS))
    // A registry that was replaced does not know the tag, yet may know the class.
    if (!customElements.get(tag)) customElements.define(tag, class extends type {});
};

define();
// Where this module comes before the frontend's own, that one puts another registry in place.
customElements.whenDefined("home-assistant").then(define);
setTimeout(define, 5000);

const announce = (list, entry) => {
  const known = (window[list] ??= []);
  if (!known.some(({ type }) => type === entry.type)) known.push(entry);
};

const documentationURL = "https://github.com/usms-home-assistant/usms/blob/main/docs/dashboard.md";

announce("customStrategies", {
  type: "usms",
  strategyType: "dashboard",
  name: "USMS",
  description: "Balances, forecasts, use and costs of your prepaid meters",
  documentationURL,
});

const offer = (type, name, description, more) =>
  announce("customCards", {
    type,
    name,
    description,
    preview: true,
    documentationURL,
    getEntitySuggestion: (hass, entityId) => {
      const entity = hass.entities?.[entityId];
      const mine = entity?.platform === "usms" && meters(hass).some(({ id }) => id === entity.device_id);
      return mine ? { config: { type: `custom:${type}`, device: entity.device_id, ...more } } : null;
    },
  });

offer("usms-meter-card", "USMS meter", "Balance, how long it lasts, this month and the tier");
offer("usms-usage-card", "USMS use", "Use and cost by day, hour or month", { show: "month" });
