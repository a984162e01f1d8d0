// Reading the state, and following what changes it.

import { get } from "./api.js";
import { applyEvent, traffic } from "./events.js";
import { state, touch } from "./state.js";
import { Stream } from "./stream.js";
import { emptyEntra } from "./tenant.js";

const RETRY_MS = 2000;
const TOGETHER_MS = 150;

/** @type {Stream|null} */
let stream = null;
let cursor = "";
let loading = Promise.resolve();
/** @type {string[]} */
let wanted = [];
let retry = 0;

/**
 * Follow exactly these people; who is new is read first. Whoever is not in the workspace is left out.
 * @param {string[]} people
 * @param {boolean} [afresh] read everybody again
 * @returns {Promise<void>}
 */
export function follow(people, afresh = false) {
  wanted = [...new Set(people)];
  loading = loading.then(() => followNow(afresh));
  return loading;
}

async function followNow(afresh) {
  window.clearTimeout(retry);
  const people = wanted;
  cursor = afresh ? "" : (stream?.cursor ?? "");
  for (const id of [...state.slacks.keys()]) if (!people.includes(id)) state.slacks.delete(id);
  const missing = people.filter((id) => afresh || !state.slacks.has(id));
  let isReachable = true;
  if (afresh) stream?.close(); // what it told between here and there would vanish for a moment and come again
  for (const id of missing) isReachable = (await read(id)) && isReachable;
  stream?.close();
  if (!isReachable) return tryAgain();
  const known = people.filter((id) => state.slacks.has(id));
  stream = new Stream(known, cursor, { event: hear, status: tellLink });
  return undefined;
}

function tryAgain() {
  tellLink("lost");
  retry = window.setTimeout(() => void follow(wanted, true), RETRY_MS);
}

function hear(event) {
  if (applyEvent(event)) reread();
}

function tellLink(link) {
  state.link = link;
  touch("link");
}

/**
 * Read one person's Slack. The stream starts where the oldest picture was taken; an event that repeats what a
 * picture shows does no harm.
 * @returns {Promise<boolean>} false when the sandbox could not be reached
 */
async function read(id) {
  const got = await get("/api/state", { person: id });
  if (!got.ok) return got.status >= 400 && got.status < 500;
  cursor ||= got.cursor;
  Object.assign(state, {
    team: got.team,
    app: got.app,
    bot: got.bot,
    stories: got.stories,
    progress: got.progress,
  });
  const before = sameNames(state.slacks.get(id), got) ? state.slacks.get(id) : undefined;
  state.slacks.set(id, {
    cursor: got.cursor,
    person: got.person,
    people: new Map(got.people.map((one) => [one.id, one])),
    cast: got.cast,
    groups: new Map(got.groups.map((one) => [one.id, one])),
    channels: new Map(got.channels.map((one) => [one.id, one])),
    logs: new Map(
      Object.entries(got.messages).map(([channel, log]) => [
        channel,
        { list: keptAlike(before?.logs.get(channel)?.list ?? [], log.messages), more: log.more },
      ]),
    ),
    home: got.home,
    modals: got.modals,
    notices: got.notices,
    commands: got.commands,
    shortcuts: got.shortcuts,
  });
  touch(`${id}/all`, "bot", "stories", "progress");
  return true;
}

/** Whether messages would be drawn with the same names as before. */
function sameNames(before, got) {
  const names = (people, groups, channels) =>
    JSON.stringify([[...people], [...groups], [...channels].map((one) => [one.id, one.name])]);
  if (!before) return false;
  const { people, groups, channels } = before;
  return (
    names(people.values(), groups.values(), channels.values()) === names(got.people, got.groups, got.channels)
  );
}

/** A message that says what it said stays the same object, so that nobody draws it anew. */
function keptAlike(before, now) {
  const known = new Map(before.map((one) => [one.ts, one]));
  return now.map((one) => {
    const old = known.get(one.ts);
    return old && JSON.stringify(old) === JSON.stringify(one) ? old : one;
  });
}

let rereading = 0;

/** Read everything again: a channel changed, or we fell behind. Calls that come close together count once. */
function reread() {
  if (rereading) return;
  rereading = window.setTimeout(() => {
    rereading = 0;
    void follow([...state.slacks.keys()], true);
    void readEntra();
  }, TOGETHER_MS);
}

/** Read the tenant. */
export async function readEntra() {
  const got = await get("/api/entra");
  if (!got.ok) return;
  state.entra = { ...emptyEntra(), ...got };
  Object.assign(state, { bot: got.bot ?? state.bot, stories: got.stories ?? state.stories });
  touch(
    "entra/people",
    "entra/policies",
    "entra/sign_ins",
    "entra/audits",
    "entra/calls",
    "entra/budget",
    "bot",
    "stories",
  );
}

/** Read what went between Slack and the bot before the page was opened. */
export async function readTraffic() {
  const got = await get("/api/inspect", { limit: "60" });
  if (!got.ok) return;
  const rows = [
    ...(got.deliveries ?? []).map((row) => ({ kind: "delivery", ...row })),
    ...(got.web_api ?? []).map((row) => ({ kind: "web_api", ...row })),
  ];
  rows.sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
  for (const row of rows) traffic(row);
}

/**
 * Read older messages of a channel.
 * @param {string} person
 * @param {string} channel
 */
export async function readOlder(person, channel) {
  const log = state.slacks.get(person)?.logs.get(channel);
  if (!log?.more || !log.list.length) return;
  const got = await get("/api/messages", { person, channel, before: log.list[0].ts, limit: "100" });
  if (!got.ok) return;
  log.list = [...got.messages, ...log.list];
  log.more = got.more;
  touch(`${person}/log/${channel}`);
}
