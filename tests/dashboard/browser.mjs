// What of a browser the dashboard's scripts need to be imported, and a Home Assistant to show.

class Root {
  innerHTML = "";
  activeElement = null;
  listeners = {};
  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }
  querySelector() {
    return null;
  }
}

globalThis.HTMLElement = class {
  hidden = false;
  isConnected = false;
  events = [];
  get localName() {
    return [...definitions].find(([, type]) => this instanceof type)[0];
  }
  attachShadow() {
    return (this.shadowRoot = new Root());
  }
  addEventListener() {}
  dispatchEvent(event) {
    this.events.push(event);
  }
};
globalThis.CustomEvent = class {
  constructor(type, init) {
    Object.assign(this, { type }, init);
  }
};
globalThis.IntersectionObserver = class {
  constructor(callback) {
    this.see = (isIntersecting) => callback([{ isIntersecting }]);
    IntersectionObserver.last = this;
  }
  observe() {}
  disconnect() {}
};
export const definitions = new Map();
export let frontendIsThere;
globalThis.customElements = {
  get: (tag) => definitions.get(tag),
  define(tag, type) {
    if ([...definitions.values()].includes(type)) throw new Error("defined twice");
    definitions.set(tag, type);
  },
  whenDefined: () => new Promise((resolve) => (frontendIsThere = resolve)),
};
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
const stored = new Map();
globalThis.localStorage = {
  getItem: (key) => stored.get(key) ?? null,
  setItem: (key, value) => stored.set(key, value),
  removeItem: (key) => stored.delete(key),
};
globalThis.window = globalThis;
export const warnings = [];
console.warn = (...words) => warnings.push(words);

// The timer that defines again after five seconds is not waited for.
const { setTimeout: real } = globalThis;
globalThis.setTimeout = (callback, delay, ...rest) => {
  const timer = real(callback, delay, ...rest);
  if (delay === 5000) timer.unref();
  return timer;
};

export const FOLDER = new URL("../../custom_components/usms/dashboard/", import.meta.url);

const METERS = {
  electricity: { serial_number: "10000001", name: "Electricity 0001" },
  water: { serial_number: "2000000001", name: "Water 0001" },
};

const CLASSES = { balance: "monetary", cost_this_month: "monetary", forecast_cost: "monetary" };

/** A Home Assistant with an account and its meters; `states` by device and key replace others. */
export function home({ meters = Object.keys(METERS), states = {}, ...more } = {}) {
  const defaults = {
    account: {
      sign_in_needed: ["off"],
      captcha: ["unknown", { entity_picture: "/api/image_proxy/image.x?token=1" }],
      history_progress: [100, { minutes_left: 0, days_complete: true }],
    },
    electricity: {
      status: ["active"],
      balance: ["7.85", { unit_of_measurement: "BND", top_up_url: "https://portal.example/?p=1&s=h" }],
      remaining_units: ["101.2", { unit_of_measurement: "kWh", device_class: "energy_storage" }],
      runs_out: [
        "2026-12-04T04:00:00+00:00",
        { early: "2026-11-30T04:00:00+00:00", late: "2027-01-22T04:00:00+00:00" },
      ],
      days_left: ["9.2", { unit_of_measurement: "d" }],
      low_credit: ["off"],
      cost_this_month: ["5.82", { unit_of_measurement: "BND" }],
      cost_last_month: ["5.47", { unit_of_measurement: "BND" }],
      forecast_cost: ["12.76", { low: 6.55, high: 13.4, unit_of_measurement: "BND" }],
      consumption_this_month: ["582.06", { unit_of_measurement: "kWh", device_class: "energy" }],
      consumption_yesterday: ["23.7", { unit_of_measurement: "kWh", device_class: "energy" }],
      tier: ["1", { tiers: 4, start: 0, end: 600, rate: 0.01, left: 17.9 }],
      last_top_up: ["2026-11-04T02:00:00+00:00", { amount: 10 }],
      topped_up_this_month: ["10", { unit_of_measurement: "BND" }],
    },
    water: {
      status: ["active"],
      balance: ["19.14", { unit_of_measurement: "BND" }],
      consumption_this_month: ["22.93", { unit_of_measurement: "m³", device_class: "water" }],
    },
  };
  const hass = {
    language: "en",
    locale: { language: "en", number_format: "language", time_format: "language", time_zone: "server" },
    config: { time_zone: "Asia/Brunei", language: "en" },
    entities: {},
    devices: {},
    states: {},
    calls: [],
    hassUrl: (path) => `http://home${path}`,
    callWS: async () => ({}),
    callService: async (...call) => {
      hass.calls.push(call);
      return { response: { signed_in: false, reason: "captcha_needed", image: null } };
    },
    loadBackendTranslation: async () => () => "",
    ...more,
  };
  for (const id of ["account", ...meters]) {
    hass.devices[id] = {
      id,
      name: "USMS account",
      serial_number: null,
      primary_config_entry: "entry",
      identifiers: [["usms", METERS[id]?.serial_number ?? "entry"]],
      ...METERS[id],
    };
    for (const [key, value] of Object.entries({ ...defaults[id], ...states[id] })) {
      // Entities are renamed at will: nothing may hang on their ids.
      const entity_id = `sensor.renamed_${Object.keys(hass.entities).length}`;
      hass.entities[entity_id] = { entity_id, platform: "usms", device_id: id, translation_key: key };
      if (value === undefined) continue;
      const [state, attributes = {}] = value;
      const device_class = CLASSES[key];
      hass.states[entity_id] = {
        entity_id,
        state: String(state),
        attributes: { ...(device_class && { device_class }), ...attributes },
      };
    }
  }
  return hass;
}

/** A card of that tag, shown; `text` is what a person reads of it. */
export function shown(tag, config, hass) {
  const card = new (definitions.get(tag))();
  card.setConfig(config);
  card.hass = hass;
  return card;
}

/** Puts a card into the page, or takes it out. */
export function connect(card, isConnected = true) {
  card.isConnected = isConnected;
  if (isConnected) card.connectedCallback();
  else card.disconnectedCallback();
}

export const markup = (card) => card.shadowRoot.innerHTML.replace(/<style>.*?<\/style>/s, "");

export const text = (card) =>
  markup(card)
    .replace(/<\/?bdi[^>]*>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code))
    .replace(/[\s\u00a0]+/g, " ")
    .trim();

export const labels = (card) =>
  [...markup(card).matchAll(/aria-label="([^"]*)"/g)].map(([, label]) => label.replace(/\u00a0/g, " "));
