// The middle of a column: what the conversation is, its messages or the home tab, and the composer.

import { act } from "./api.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { Composer } from "./composer.js";
import { HomeTab } from "./home.js";
import { MessageList } from "./messages.js";
import { keepingFocus } from "./redraw.js";
import { channelIcon, channelMenu, channelName } from "./sidebar.js";
import { readOlder } from "./loading.js";

const MOST_NOTICES = 2;
const READ_AFTER_MS = 300;

export class Conversation {
  /** @type {"home"|"messages"} */
  #tab = "messages";
  #dismissed = 0;
  #head = "";

  /** @param {import("./seat.js").Seat} seat */
  constructor(seat) {
    this.seat = seat;
    this.what = h("div", { class: "conv-part" });
    this.switch = this.#switch();
    this.about = h("div", { class: "conv-part" });
    this.title = h("div", { class: "conv-title" }, this.what, this.switch, this.about);
    this.tabs = h("div", { class: "conv-tabs", role: "tablist", "aria-label": "App" });
    this.notices = h("div", { class: "notices", role: "status" });
    this.list = new MessageList(seat, this.#source());
    this.home = new HomeTab(seat);
    this.composer = new Composer(seat, () => null);
    this.messages = h("div", { class: "conv-messages" }, this.list.node, this.notices, this.composer.node);
    this.node = h(
      "div",
      { class: "conv", role: "region", "aria-label": "Conversation" },
      h("header", { class: "conv-head" }, this.title, this.tabs),
      this.messages,
      this.home.node,
    );
    this.#dismissed = seat.slack().notices.length;
  }

  /** @returns {import("./messages.js").Source} */
  #source() {
    const { seat } = this;
    const log = () => seat.slack().logs.get(seat.channel);
    return {
      label: "Messages",
      inThread: false,
      select: () =>
        (log()?.list ?? []).filter(
          (one) => (!one.thread_ts || one.thread_ts === one.ts) && !seat.isDismissed(one),
        ),
      hasOlder: () => Boolean(log()?.more),
      older: () => readOlder(seat.person, seat.channel),
      top: () => beginning(seat),
      lastRead: () => seat.slack().channels.get(seat.channel)?.last_read ?? "0",
      onread: (ts) => markRead(seat, ts),
    };
  }

  /** Open the column's channel; the app opens at its home tab unless a message waits. */
  open() {
    this.composer.update();
    this.list.reset();
    const channel = this.seat.slack().channels.get(this.seat.channel);
    this.show(channel?.kind === "dm" && !channel.unread ? "home" : "messages");
  }

  /** @param {"home"|"messages"} tab */
  show(tab) {
    this.#tab = tab;
    this.messages.hidden = tab === "home";
    this.home.node.hidden = tab !== "home";
    this.#drawHead();
    if (tab === "home") void this.home.open();
    else this.list.update();
  }

  /** @param {Set<string>} dirty */
  update(dirty) {
    const me = this.seat.person;
    const everything = dirty.has(`${me}/all`);
    if (everything) this.composer.update();
    if (everything || dirty.has(`${me}/log/${this.seat.channel}`)) this.list.update();
    if (everything || dirty.has(`${me}/channels`)) this.#drawHead();
    if (everything || dirty.has(`${me}/home`)) this.home.update();
    if (dirty.has(`${me}/notices`)) this.#drawNotices();
  }

  #drawHead() {
    const { seat } = this;
    const channel = seat.slack().channels.get(seat.channel);
    if (!channel) return;
    const isApp = channel.kind === "dm";
    const name = channelName(seat, channel);
    const waiting = elsewhere(seat);
    const shown = [channel.id, name, channel.topic, channel.shared_outside, channel.members.length];
    const now = JSON.stringify([shown, this.#tab, waiting?.outerHTML]);
    if (now === this.#head) return; // every message asks; a topic that is being selected stays
    this.#head = now;
    fill(
      this.what,
      isApp ? h("span", { class: "side-app", "aria-hidden": "true" }, "P") : channelIcon(channel),
      h("h2", {}, h("bdi", {}, name)),
    );
    fill(this.switch, icon("chevron", 16), waiting);
    this.switch.setAttribute("aria-label", `Switch channel, now ${name}`);
    fill(
      this.about,
      channel.shared_outside && h("span", { class: "badge badge-out" }, "Shared outside"),
      channel.topic && h("span", { class: "conv-topic quiet", dir: "auto" }, channel.topic),
      h("span", { class: "grow" }),
      !isApp && h("span", { class: "quiet conv-members" }, `${channel.members.length} members`),
    );
    this.tabs.hidden = !isApp;
    keepingFocus(this.tabs, () =>
      fill(this.tabs, isApp && [this.#tabButton("home", "Home"), this.#tabButton("messages", "Messages")]),
    );
  }

  /** Made once: a button that is replaced while somebody presses it loses the click. */
  #switch() {
    const menu = h("button", {
      type: "button",
      class: "conv-switch",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      dataset: { action: "switch-channel" },
      onclick: () => channelMenu(this.seat, menu),
    });
    return menu;
  }

  #tabButton(tab, words) {
    return h(
      "button",
      {
        type: "button",
        role: "tab",
        class: "conv-tab",
        "aria-selected": String(this.#tab === tab),
        dataset: { action: `tab-${tab}` },
        onclick: () => this.show(tab),
        onkeydown: (event) => {
          if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
          this.show(tab === "home" ? "messages" : "home");
          /** @type {HTMLElement} */ (this.tabs.querySelector("[aria-selected=true]")).focus();
        },
      },
      words,
    );
  }

  #drawNotices() {
    const all = this.seat.slack().notices;
    const fresh = all.slice(Math.min(this.#dismissed, all.length)).slice(-MOST_NOTICES);
    const dismiss = () => {
      this.#dismissed = all.length;
      this.#drawNotices();
    };
    const drawn = fresh.map((one) =>
      h(
        "div",
        { class: "notice" },
        icon("warn", 17),
        h("span", { dir: "auto" }, one.text),
        !one.text.includes(one.error) && h("code", { class: "m-code" }, one.error),
        h("span", { class: "grow" }),
        iconButton("close", "Dismiss", dismiss),
      ),
    );
    keepingFocus(this.notices, () => fill(this.notices, drawn));
  }
}

/** What waits in other channels, for columns without a sidebar. */
function elsewhere(seat) {
  const others = [...seat.slack().channels.values()].filter((one) => one.id !== seat.channel);
  const named = others.reduce((sum, one) => sum + one.mentions, 0);
  if (named) return h("span", { class: "side-count" }, String(Math.min(named, 99)));
  return others.some((one) => one.unread) ? h("span", { class: "side-dot" }) : null;
}

function beginning(seat) {
  const channel = seat.slack().channels.get(seat.channel);
  if (!channel) return null;
  const words =
    channel.kind === "dm"
      ? "This is the start of your direct messages with the app."
      : `This is the very beginning of #${channel.name}.`;
  return h("div", { class: "conv-beginning quiet" }, words);
}

/** @type {Map<string, number>} */
const waiting = new Map();

/** Tell Slack what was read: at once here, a moment later there, the last of many only. */
function markRead(seat, ts) {
  const channel = seat.slack().channels.get(seat.channel);
  if (!channel || ts <= channel.last_read) return;
  const { person } = seat,
    { id } = channel,
    key = `${person}/${id}`;
  channel.last_read = ts;
  channel.unread = channel.mentions = 0;
  seat.unreadChanged();
  window.clearTimeout(waiting.get(key));
  waiting.set(
    key,
    window.setTimeout(() => void act(person, "read", { channel: id, ts }), READ_AFTER_MS),
  );
}
