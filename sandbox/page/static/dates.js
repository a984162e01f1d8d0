// Times as Slack words them, in the reader's own zone.

const DAY = 86_400_000;

/** Making a formatter is slow, using one is not. @type {Map<string, Intl.DateTimeFormat>} */
const formatters = new Map();

function formatter(zone, options, locale = "en-US") {
  const key = `${locale}|${zone}|${JSON.stringify(options)}`;
  let made = formatters.get(key);
  if (!made) {
    try {
      made = new Intl.DateTimeFormat(locale, { timeZone: zone || undefined, ...options });
    } catch {
      made = new Intl.DateTimeFormat(locale, options); // A zone this browser does not know: its own instead.
    }
    formatters.set(key, made);
  }
  return made;
}

/**
 * @param {Date} at
 * @param {string|undefined} zone
 * @param {Intl.DateTimeFormatOptions} options
 */
function format(at, zone, options) {
  return formatter(zone, options).format(at);
}

/**
 * @param {number} seconds since 1970
 * @param {string} [zone] IANA name
 */
export function clock(seconds, zone) {
  return format(new Date(seconds * 1000), zone, { hour: "numeric", minute: "2-digit" });
}

/**
 * Date, time and zone in full: for tooltips.
 * @param {number} seconds
 * @param {string} [zone]
 */
export function fullTime(seconds, zone) {
  const options = { dateStyle: "full", timeStyle: "long" };
  return format(new Date(seconds * 1000), zone, /** @type {Intl.DateTimeFormatOptions} */ (options));
}

/**
 * The day as a key, to tell whether two messages fall on the same one.
 * @param {number} seconds
 * @param {string} [zone]
 */
export function dayOf(seconds, zone) {
  return format(new Date(seconds * 1000), zone, { year: "numeric", month: "2-digit", day: "2-digit" });
}

/**
 * "Today", "Yesterday" or "Monday, November 23".
 * @param {number} seconds
 * @param {string} [zone]
 */
export function dayName(seconds, zone) {
  const near = nearDay(seconds, zone);
  return near
    ? near[0].toUpperCase() + near.slice(1)
    : format(new Date(seconds * 1000), zone, { weekday: "long", month: "long", day: "numeric" });
}

function nearDay(seconds, zone) {
  const day = dayOf(seconds, zone);
  const now = Date.now();
  for (const [offset, word] of /** @type {[number, string][]} */ ([
    [0, "today"],
    [-1, "yesterday"],
    [1, "tomorrow"],
  ])) {
    if (day === dayOf((now + offset * DAY) / 1000, zone)) return word;
  }
  return null;
}

/**
 * "3 minutes ago", "in 2 hours".
 * @param {number} seconds
 */
function ago(seconds) {
  const passed = seconds - Date.now() / 1000;
  const words = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });
  const span = Math.abs(passed);
  if (span < 60) return words.format(Math.round(passed), "second");
  if (span < 3600) return words.format(Math.round(passed / 60), "minute");
  if (span < 86400) return words.format(Math.round(passed / 3600), "hour");
  return words.format(Math.round(passed / 86400), "day");
}

/** Slack's tokens: https://docs.slack.dev/messaging/formatting-message-text#date-formatting */
const TOKENS = {
  date_num: (at, zone) =>
    formatter(zone, { year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA").format(at),
  date: (at, zone) => format(at, zone, { year: "numeric", month: "long", day: "numeric" }),
  date_slash: (at, zone) => format(at, zone, { year: "numeric", month: "2-digit", day: "2-digit" }),
  date_short: (at, zone) => format(at, zone, { year: "numeric", month: "short", day: "numeric" }),
  date_long: (at, zone) =>
    format(at, zone, { weekday: "long", year: "numeric", month: "long", day: "numeric" }),
  time: (at, zone) => format(at, zone, { hour: "numeric", minute: "2-digit" }),
  time_secs: (at, zone) => format(at, zone, { hour: "numeric", minute: "2-digit", second: "2-digit" }),
  ago: (at) => ago(at.getTime() / 1000),
};

/**
 * Fill a date template such as "{date_short_pretty} at {time}".
 * @param {number} seconds
 * @param {string} template
 * @param {string} [zone]
 */
export function slackDate(seconds, template, zone) {
  const at = new Date(seconds * 1000);
  return template.replace(/\{(\w+)\}/g, (whole, token) => {
    const plain = token.replace(/_pretty$/, "");
    if (plain !== token || token === "day_divider_pretty") {
      const near = nearDay(seconds, zone);
      if (near) return near;
    }
    const known = TOKENS[plain === "day_divider" ? "date_long" : plain];
    return known ? known(at, zone) : whole;
  });
}
