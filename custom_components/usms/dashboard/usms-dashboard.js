// The USMS dashboard: a strategy and its cards, in plain JavaScript that no build touches.
// Accounts and meters are found by their devices, entities by what they are, never by their ids.
// A card never throws.
// This script is on each page of Home Assistant, so it is small: what draws the cards comes with
// usms-cards.js when the first of them is shown.

export const NAMES = {
  en: {
    electricity: "Electricity {number}",
    water: "Water {number}",
    account: "USMS account {number}",
    none: "There are no USMS meters yet.",
    add: "Add an account",
    late: "This can't be loaded at the moment. It will be tried again; or reload the page.",
    month: "Use per day",
    day: "Use per hour",
    year: "Last twelve months",
  },
  ms: {
    electricity: "Elektrik {number}",
    water: "Air {number}",
    account: "Akaun USMS {number}",
    none: "Belum ada meter USMS.",
    add: "Tambah akaun",
    late: "Tidak dapat dimuatkan buat masa ini. Akan dicuba lagi; atau muat semula halaman.",
    month: "Penggunaan harian",
    day: "Penggunaan setiap jam",
    year: "Dua belas bulan terakhir",
  },
};

// --- languages ---

export const languageOf = (hass, config) => {
  if (config?.language in NAMES) return config.language;
  // The frontend has no Malay and falls back to English: then the browser says what is meant.
  const browser = hass.selectedLanguage ? "" : globalThis.navigator?.language;
  const wanted = [hass.language, hass.config?.language, browser];
  return wanted.some((language) => language?.startsWith("ms")) ? "ms" : "en";
};

// Where the page runs from right to left, what is put into a text keeps a direction of its own.
export const isolate = (text) =>
  globalThis.document?.dir === "rtl" ? `\u2068${text}\u2069` : text;
export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (_, name) => isolate(values[name]));

// --- meters and accounts, by the registries ---

const registries = new WeakMap();

// Our entities: ids by translation key, by device.
const usmsDevices = ({ entities = {} }) => {
  if (!registries.has(entities)) {
    const devices = {};
    for (const { platform, device_id, translation_key, entity_id } of Object.values(entities))
      if (platform === "usms" && device_id && translation_key)
        (devices[device_id] ??= {})[translation_key] = entity_id;
    registries.set(entities, devices);
  }
  return registries.get(entities);
};

export const known = (state) => state && state.state !== "unknown" && state.state !== "unavailable";
export const numeric = (value) =>
  value === null || value === "" || isNaN(value) ? undefined : Number(value);

// A meter or an account. An entity may be registered and have no state.
export const thing = (hass, id) => {
  const ids = usmsDevices(hass)[id] ?? {};
  const device = hass.devices?.[id] ?? {};
  const entry = device.primary_config_entry ?? device.config_entries?.[0];
  // The integration calls an account's device by its entry, a meter's by the number.
  const called = (device.identifiers ?? []).find(([domain]) => domain === "usms")?.[1];
  const serial = device.serial_number ?? "";
  const state = (key) => hass.states?.[ids[key]];
  const attribute = (key, ...names) =>
    names.map((name) => state(key)?.attributes?.[name]).find((found) => found != null);
  const isWater = (key) => /^(water|volume)/.test(attribute(key, "device_class") ?? "");
  const water = serial.length === 10 || Object.keys(ids).some(isWater);
  const isAccount = Boolean(called) && called === entry;
  const kind = isAccount ? "account" : serial && (water ? "water" : "electricity");
  // The last digits; a count follows where two end in the same.
  const [, digits = "", count = ""] = /(\d*)( \(\d+\))?$/.exec(device.name ?? "");
  const number = (serial.slice(-4) || digits) + count;
  return {
    id,
    ids,
    serial,
    state,
    attribute,
    value: (key) => (known(state(key)) ? numeric(state(key).state) : undefined),
    part: (key, ...names) => numeric(attribute(key, ...names)),
    on: (key) => state(key)?.state === "on",
    gone: state("status")?.state === "gone",
    // As a person has named it, else in the language of these texts.
    name: (language) =>
      device.name_by_user?.trim() ||
      (kind && number && fill(NAMES[language][kind], { number })) ||
      device.name ||
      "USMS",
    entry,
    url: device.configuration_url,
    isAccount,
    // One that is gone may have left its device.
    isMeter: Boolean(called) && called !== entry && Object.keys(ids).length > 0,
    water,
    icon: water ? "mdi:water" : "mdi:flash",
    unit: water ? "m³" : "kWh",
    series: (name) => serial && `usms:${water ? "water" : "electricity"}_${serial}_${name}`,
  };
};

const having = (hass, kind) =>
  Object.values(hass.devices ?? {})
    .filter(({ disabled_by: disabled }) => !disabled)
    .map(({ id }) => thing(hass, id))
    .filter((found) => found[kind]);

// By account, electricity first, as they are numbered; last what the account no longer has.
export const meters = (hass) => {
  const by = ({ gone, entry, water, serial }) => `${gone} ${entry} ${water} ${serial}`;
  return having(hass, "isMeter").sort((a, b) => by(a).localeCompare(by(b)));
};
export const accounts = (hass) => having(hass, "isAccount");

// --- the cards ---

const SELECT = (name, labels) => ({
  name,
  selector: {
    select: { options: Object.entries(labels).map(([value, label]) => ({ value, label })) },
  },
});
const DEVICE = (name, entity) => ({
  name,
  selector: { device: { entity: [{ integration: "usms", ...entity }] } },
});
const METER = DEVICE("device", { domain: "sensor", device_class: "monetary" });
const LANGUAGE = SELECT("language", { en: "English", ms: "Bahasa Melayu" });
const LABELS = { device: "Meter", account: "Account", show: "Show", language: "Language" };
const form = (...schema) => ({ schema, computeLabel: ({ name }) => LABELS[name] });

let painters; // what draws the cards, by their tags, once it is there
let loading;
let tries = 0;

// Brings it; never rejects. Browsers may keep a failure, so each try has an address of its own.
export const load = () =>
  (loading ??= import(`./usms-cards.js${tries++ ? `?try=${tries}` : ""}`)
    .then((module) => (painters = module.PAINTERS))
    .catch((error) => {
      console.warn("usms:", error);
      loading = undefined;
    }));

// A card as the frontend knows it, from the start; a painter fills it.
class UsmsCard extends HTMLElement {
  static waiting = `<ha-card style="min-height: 120px"></ha-card>`;

  static getConfigForm() {
    return form(METER, LANGUAGE);
  }

  static getStubConfig(hass) {
    return { device: meters(hass)[0]?.id ?? "" };
  }

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  setConfig(config) {
    this.config = config ?? {};
    this.update();
  }

  set hass(hass) {
    const old = this._hass;
    this._hass = hass;
    if (!old || this.painter?.concerns(old, hass)) this.update();
  }

  get hass() {
    return this._hass;
  }

  connectedCallback() {
    // Days go by without a change of any state.
    this._timer ??= setInterval(() => this.update(), 60_000);
    this.painter?.connected();
    this.update();
  }

  disconnectedCallback() {
    clearInterval(this._timer);
    this._timer = undefined;
    this.painter?.disconnected();
  }

  getCardSize() {
    return 5;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  get language() {
    return languageOf(this.hass, this.config);
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  update() {
    if (!this.hass || !this.config) return;
    if (painters) return this.draw();
    this.shadowRoot.innerHTML ||= this.constructor.waiting;
    load().then(() => this.draw());
  }

  draw() {
    if (!painters) {
      const row = `<ha-alert alert-type="warning">${NAMES[this.language].late}</ha-alert>`;
      this.shadowRoot.innerHTML = `<ha-card>${row}</ha-card>`;
      return;
    }
    if (!this.painter) {
      this.painter = new painters[this.localName](this);
      if (this.isConnected) this.painter.connected();
    }
    this.painter.update();
  }
}

class UsageCard extends UsmsCard {
  static getConfigForm() {
    const { month, day, year } = NAMES.en;
    return form(METER, SELECT("show", { month, day, year }), LANGUAGE);
  }

  static getStubConfig(hass) {
    return { ...super.getStubConfig(hass), show: "month" };
  }
}

class AccountCard extends UsmsCard {
  static waiting = ""; // most of the time it has nothing to show

  setConfig(config) {
    this.hidden = true; // as long as it is not known; its painter says so
    super.setConfig(config);
  }

  static getConfigForm() {
    return form(DEVICE("account", { domain: ["image", "button"] }), LANGUAGE);
  }

  static getStubConfig(hass) {
    return { account: accounts(hass)[0]?.id ?? "" };
  }
}

// --- the dashboard ---

export class UsmsStrategy extends HTMLElement {
  static registryDependencies = ["entities", "devices"];

  static getCreateSuggestions() {
    return { title: "USMS", icon: "mdi:meter-electric" };
  }

  static async generate(config, hass) {
    load(); // the cards that come of this need it
    const language = config?.language in NAMES ? { language: config.language } : {};
    const grid = (...cards) => ({ type: "grid", cards: cards.filter(Boolean) });
    const card = (name, { id: device }, more) => {
      const type = `custom:usms-${name}-card`;
      return { type, device, ...more, ...language };
    };
    const usage = (meter, show) => card("usage", meter, { show });
    const hours = (meter) => !meter.water && usage(meter, "day"); // the portal has none of water
    const spoken = languageOf(hass, config);
    const text = NAMES[spoken];
    const found = meters(hass);
    const columns = Math.min(4, Math.max(2, found.length));
    const wide = (...cards) => ({ ...grid(...cards), column_span: columns });
    // Each hides itself, and all of them their section, while there is nothing to do.
    const owners = accounts(hass);
    const alone = owners.length === 1 && { grid_options: { columns: "full" } };
    const signIns = owners.map(({ id }) => {
      return { type: "custom:usms-account-card", account: id, ...alone, ...language };
    });
    const view = (...more) => {
      const sections = signIns.length ? [wide(...signIns), ...more] : more;
      const only = { title: "USMS", type: "sections", max_columns: columns, sections };
      return { title: "USMS", views: [only] };
    };
    if (!found.length) {
      const content = `${text.none} [${text.add}](/config/integrations/dashboard/add?domain=usms)`;
      return view(grid({ type: "markdown", content }));
    }
    if (found.length === 1) {
      const [meter] = found;
      return view(
        grid(card("meter", meter), usage(meter, "month"), card("facts", meter)),
        grid(hours(meter), usage(meter, "year")),
      );
    }
    const heading = (meter) => {
      const style = { heading_style: "subtitle", icon: meter.icon };
      return { type: "heading", heading: meter.name(spoken), ...style };
    };
    const charts = (meter) => [
      heading(meter),
      usage(meter, "month"),
      card("facts", meter),
      hours(meter),
      usage(meter, "year"),
    ];
    // Every balance comes before the first chart, also where columns follow each other, as on a
    // phone, or where there are fewer of them than meters or cards to sign in. These then share a
    // section, as the charts do, so that the edges of all meet.
    const balances = found.map((meter) => card("meter", meter));
    if (found.length > 2 || owners.length > 1) {
      const stack = (meter) => ({ type: "vertical-stack", cards: charts(meter).filter(Boolean) });
      return view(wide(...balances), wide(...found.map(stack)));
    }
    return view(...balances.map((balance) => grid(balance)), ...found.map((meter) => grid(...charts(meter))));
  }
}

// --- making it known to the frontend ---

const TAGS = {
  "ll-strategy-dashboard-usms": UsmsStrategy,
  "usms-meter-card": UsmsCard,
  "usms-usage-card": UsageCard,
  "usms-facts-card": UsmsCard,
  "usms-account-card": AccountCard,
};

const define = () => {
  for (const [tag, type] of Object.entries(TAGS))
    // A registry that took another's place does not know the tag, and may know the class.
    if (!customElements.get(tag)) customElements.define(tag, class extends type {});
};

define();
// Where this module comes before the frontend's own, that one puts another registry in place.
customElements.whenDefined("home-assistant").then(define);
setTimeout(define, 5000);

const documentationURL = "https://github.com/usms-home-assistant/usms/blob/main/docs/dashboard.md";

const announce = (list, entry) => {
  const known = (window[list] ??= []);
  if (!known.some(({ type }) => type === entry.type)) known.push({ ...entry, documentationURL });
};

// Offers a card in the card picker; with `more` of its configuration for an entity of a meter too.
const offer = (type, name, description, more) => {
  const getEntitySuggestion = (hass, id) => {
    const { platform, device_id: device } = hass.entities?.[id] ?? {};
    const ours = platform === "usms" && meters(hass).some((meter) => meter.id === device);
    return ours ? { config: { type: `custom:${type}`, device, ...more } } : null;
  };
  const suggestion = more && { getEntitySuggestion };
  announce("customCards", { type, name, description, preview: true, ...suggestion });
};

announce("customStrategies", {
  type: "usms",
  strategyType: "dashboard",
  name: "USMS",
  description: "Balances, forecasts, use and costs of your prepaid meters",
});
offer("usms-meter-card", "USMS meter", "Balance, how long it lasts, this month and the tier", {});
offer("usms-usage-card", "USMS use", "Use and cost by day, hour or month", { show: "month" });
offer("usms-facts-card", "USMS facts", "Yesterday's use, last month's cost and top-ups");
offer("usms-account-card", "USMS account", "Signing in with the captcha; the history's progress");
