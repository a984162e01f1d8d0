// What the page knows: one Slack per person shown, and the tenant. Events change it; components hear once a frame.

import { isHeld, onceLetGo } from "./hold.js";
import { emptyEntra } from "./tenant.js";

/**
 * @typedef {object} Person @property {string} id @property {string} name @property {string} real_name
 * @property {string} role @property {string} role_label @property {string} tz @property {boolean} is_bot @property {boolean} deleted
 * @typedef {object} Channel @property {string} id @property {string} name @property {"channel"|"private"|"dm"} kind
 * @property {string} topic @property {boolean} archived @property {boolean} shared_outside @property {string[]} members
 * @property {string} last_read @property {number} unread @property {number} mentions
 * @typedef {object} Message @property {string} channel @property {string} ts @property {string} user @property {string} text
 * @property {any[]} blocks @property {any[]} attachments @property {any[]} files @property {string|null} thread_ts
 * @property {boolean} edited @property {boolean} ephemeral
 * @typedef {{people: Person[], channels: Channel[]}} Directory
 * @typedef {{list: Message[], more: boolean}} Log
 * @typedef {object} Slack  One person's Slack. @property {string} cursor the newest event it holds
 * @property {Person} person @property {Map<string, Person>} people @property {string[]} cast @property {Map<string, any>} groups
 * @property {Map<string, Channel>} channels @property {Map<string, Log>} logs @property {any} home @property {any[]} modals
 * @property {any[]} notices @property {any[]} commands @property {any[]} shortcuts
 */

const HIDDEN_MS = 100;
const SHORT_MS = 6;
const LONGEST_REST_MS = 250;

export const state = {
  /** @type {Map<string, Slack>} */
  slacks: new Map(),
  team: { name: "" },
  app: { name: "", bot_user: "" },
  bot: { state: "starting", connections: 0, pid: null, since: 0 },
  /** @type {any[]} */ stories: [],
  progress: { subject: { upn: "", name: "", slack: null }, facts: {} },
  entra: emptyEntra(),
  /** @type {any[]} newest first: what Slack sent the bot, and what the bot called */
  traffic: [],
  /** @type {"live"|"lost"|"connecting"} */ link: "connecting",
};

/** @type {Set<(dirty: Set<string>) => void>} */
const listeners = new Set();
let dirty = new Set(),
  scheduled = false,
  rest = 0;

/**
 * Hear of changes, at most once a frame: `U…/log/C…`, `U…/channels`, `U…/modals`, `U…/home`, `U…/notices`, `U…/all`,
 * `bot`, `stories`, `progress`, `link`, `traffic`, `entra/people|policies|sign_ins|audits|calls|budget`.
 * @param {(dirty: Set<string>) => void} listener
 * @returns {() => void} stop hearing
 */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @param {...string} keys */
export function touch(...keys) {
  for (const key of keys) dirty.add(key);
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(flush, HIDDEN_MS);
  else if (rest > 0) setTimeout(() => requestAnimationFrame(flush), rest);
  else requestAnimationFrame(flush);
}

/** In a storm the page draws less often rather than hang: a drawing that took long is followed by a rest. */
function flush() {
  if (isHeld()) return onceLetGo(() => requestAnimationFrame(flush));
  const began = performance.now();
  scheduled = false;
  const changed = dirty;
  dirty = new Set();
  for (const listener of [...listeners]) listener(changed);
  const took = performance.now() - began;
  rest = took < SHORT_MS ? 0 : Math.min(took * 4, LONGEST_REST_MS);
}
