// What an event of the stream changes in the state.

import { state, touch } from "./state.js";
import { applyEntra } from "./tenant.js";

/** @typedef {import("./state.js").Slack} Slack */
/** @typedef {import("./state.js").Channel} Channel */

const MOST_KEPT = 1500;
const MOST_TRAFFIC = 200;
const STALE_CHANNEL = "a channel nobody has told us of";

/** What an event of these kinds changed cannot be told from it. */
const STALE = new Set(["channel", "people", "reload"]);

/**
 * Change the state as an event says.
 * @param {any} event
 * @returns {boolean} whether everything must be read again
 */
export function applyEvent(event) {
  if (STALE.has(event.kind)) return true;
  if (SHARED[event.kind]) SHARED[event.kind](event);
  else if (!applyEntra(state.entra, event, touch)) return applyPersonal(event);
  return false;
}

function applyPersonal(event) {
  const personal = PERSONAL[event.kind];
  if (!personal) return false;
  let isStale = false;
  for (const [id, slack] of state.slacks) {
    const meant = event.person ? event.person === id : !event.to || event.to.includes(id);
    if (!meant || isHeldAlready(slack, event)) continue;
    if (event.id) slack.cursor = event.id;
    isStale = personal(slack, event, id) === STALE_CHANNEL || isStale;
  }
  return isStale;
}

/**
 * A stream that serves several people begins where the oldest picture was taken; told again to the others, a form
 * that is closed by now would open and lose what is typed in the next one.
 */
function isHeldAlready(slack, event) {
  const [[run, number], [itsRun, itsNumber]] = [slack.cursor, event.id].map((id) => (id ?? "").split("-"));
  return run === itsRun && Number(itsNumber) <= Number(number);
}

const SHARED = {
  bot: (event) => {
    state.bot = event.bot;
    touch("bot");
  },
  progress: (event) => {
    state.progress = event.progress;
    touch("progress");
  },
  story: (event) => {
    const at = state.stories.findIndex((one) => one.id === event.story.id);
    if (at < 0) state.stories.push(event.story);
    else state.stories[at] = event.story;
    touch("stories");
  },
  delivery: traffic,
  web_api: traffic,
};

/** Note what went between Slack and the bot. @param {any} event */
export function traffic(event) {
  state.traffic = state.traffic.filter((one) => one.kind !== event.kind || one.n !== event.n);
  state.traffic.unshift(event);
  state.traffic.length = Math.min(state.traffic.length, MOST_TRAFFIC);
  touch("traffic");
}

const PERSONAL = {
  message: (slack, event, id) => {
    const isKnown = upsert(slack, event.message);
    touch(`${id}/log/${event.message.channel}`, `${id}/channels`);
    return isKnown ? undefined : STALE_CHANNEL;
  },
  message_deleted: (slack, event, id) => {
    const log = slack.logs.get(event.channel);
    if (log) log.list = log.list.filter((one) => one.ts !== event.ts);
    touch(`${id}/log/${event.channel}`, `${id}/channels`);
  },
  modals: (slack, event, id) => {
    slack.modals = event.modals;
    touch(`${id}/modals`);
  },
  home: (slack, event, id) => {
    slack.home = event.home;
    touch(`${id}/home`);
  },
  notice: (slack, event, id) => {
    slack.notices = [...slack.notices, { error: event.error, text: event.text, at: event.at }].slice(-20);
    touch(`${id}/notices`);
  },
  file: (slack, event, id) => {
    if (event.channel) touch(`${id}/log/${event.channel}`);
  },
  read: (slack, event, id) => {
    const channel = slack.channels.get(event.channel);
    if (channel && event.last_read > channel.last_read) channel.last_read = event.last_read;
    if (channel) count(slack, channel);
    touch(`${id}/channels`);
  },
};

/** Put a message where its time belongs; the same one again replaces it. False when the channel is unknown. */
function upsert(slack, message) {
  const log = slack.logs.get(message.channel) ?? { list: [], more: false };
  slack.logs.set(message.channel, log);
  let at = log.list.length;
  while (at > 0 && log.list[at - 1].ts > message.ts) at -= 1;
  const known = at > 0 && log.list[at - 1].ts === message.ts;
  log.list.splice(known ? at - 1 : at, known ? 1 : 0, message);
  if (log.list.length > MOST_KEPT) {
    log.list.splice(0, log.list.length - MOST_KEPT);
    log.more = true;
  }
  const channel = slack.channels.get(message.channel);
  if (channel) count(slack, channel);
  return Boolean(channel);
}

/**
 * Count what this person has not read.
 * @param {Slack} slack
 * @param {Channel} channel
 */
export function count(slack, channel) {
  const me = slack.person.id;
  const list = slack.logs.get(channel.id)?.list ?? [];
  channel.unread = channel.mentions = 0;
  for (let at = list.length - 1; at >= 0 && list[at].ts > channel.last_read; at -= 1) {
    const one = list[at];
    if (one.user === me || one.ephemeral || one.thread_ts) continue;
    channel.unread += 1;
    if (channel.kind === "dm" || one.text.includes(`<@${me}>`)) channel.mentions += 1;
  }
}
