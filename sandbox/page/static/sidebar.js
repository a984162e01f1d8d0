// Channels and the app, with what is unread.

import { fill, h, icon } from "./dom.js";
import { openMenu } from "./menu.js";
import { keepingFocus } from "./redraw.js";

/** @typedef {import("./state.js").Channel} Channel */
/** @typedef {import("./seat.js").Seat} Seat */

/** @param {Channel} channel */
export function channelIcon(channel) {
  if (channel.shared_outside) return icon("shared", 16);
  return icon(channel.kind === "private" ? "lock" : "hash", 16);
}

/**
 * What a conversation is called; the direct message with the app has the app's name.
 * @param {Seat} seat
 * @param {Channel} channel
 */
export function channelName(seat, channel) {
  return channel.kind === "dm" ? seat.appName() : channel.name;
}

function spoken(seat, channel) {
  const kind = channel.kind === "dm" ? "app" : channel.kind === "private" ? "private channel" : "channel";
  const unread = channel.unread ? `, ${channel.unread} unread` : "";
  const outside = channel.shared_outside ? ", shared with another organisation" : "";
  return `${kind} ${channelName(seat, channel)}${outside}${channel.archived ? ", archived" : ""}${unread}`;
}

/**
 * @param {Seat} seat
 * @returns {{node: HTMLElement, update: () => void}}
 */
export function sidebar(seat) {
  const node = h("nav", {
    class: "sidebar",
    "aria-label": "Channels",
    onkeydown: (event) => walk(node, event),
  });
  let drawn = "";
  const update = () => {
    const now = signature(seat);
    if (now !== drawn) keepingFocus(node, () => draw(seat, node));
    drawn = now;
  };
  return { node, update };
}

/** What the sidebar shows, to tell whether it must be drawn again. */
function signature(seat) {
  const rows = [...seat.slack().channels.values()];
  return JSON.stringify([
    seat.channel,
    rows.map((one) => [one.id, one.name, one.unread, one.mentions, one.archived]),
  ]);
}

function draw(seat, node) {
  const all = [...seat.slack().channels.values()];
  const rows = (wanted) => all.filter(wanted).map((one) => row(seat, one));
  fill(
    node,
    section(
      "Channels",
      rows((one) => one.kind !== "dm" && !one.archived),
    ),
    section(
      "Apps",
      rows((one) => one.kind === "dm"),
    ),
    section(
      "Archived",
      rows((one) => one.archived),
    ),
  );
}

function walk(node, event) {
  const rows = /** @type {HTMLElement[]} */ ([...node.querySelectorAll(".side-row")]);
  const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at < 0 || to === undefined || !rows[to]) return;
  event.preventDefault();
  rows[to].focus();
}

function section(title, rows) {
  return rows.length
    ? h(
        "div",
        { class: "side-section", role: "group", "aria-label": title },
        h("div", { class: "side-title", "aria-hidden": "true" }, title),
        rows,
      )
    : null;
}

function row(seat, channel) {
  const current = seat.channel === channel.id;
  return h(
    "button",
    {
      type: "button",
      class: `side-row ${channel.unread ? "unread" : ""} ${current ? "current" : ""}`,
      dataset: { channel: channel.id, action: `channel-${channel.id}` },
      "aria-current": current ? "page" : null,
      "aria-label": spoken(seat, channel),
      onclick: () => seat.openChannel(channel.id),
    },
    channel.kind === "dm"
      ? h("span", { class: "side-app", "aria-hidden": "true" }, "P")
      : channelIcon(channel),
    h("bdi", { class: "side-name" }, channelName(seat, channel)),
    count(channel),
  );
}

function count(channel) {
  if (channel.mentions) return h("span", { class: "side-count" }, String(Math.min(channel.mentions, 99)));
  return channel.unread ? h("span", { class: "side-dot", "aria-hidden": "true" }) : null;
}

/**
 * The same choice as a menu, for columns too narrow for a sidebar.
 * @param {Seat} seat
 * @param {HTMLElement} anchor
 */
export function channelMenu(seat, anchor) {
  openMenu(
    anchor,
    [...seat.slack().channels.values()].map((one) => ({
      label: channelName(seat, one),
      detail: one.unread ? `${one.unread} unread` : undefined,
      picture: one.kind === "dm" ? icon("bolt", 16) : channelIcon(one),
      checked: one.id === seat.channel,
      run: () => seat.openChannel(one.id),
    })),
    { label: "Channels" },
  );
}
