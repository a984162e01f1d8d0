// One person's Slack as a column: switcher, sidebar, conversation, thread, modals.

import { announce } from "./announce.js";
import { fill, h } from "./dom.js";
import { Conversation } from "./conversation.js";
import { ModalLayer } from "./modal.js";
import { personSwitcher } from "./people.js";
import { sidebar } from "./sidebar.js";
import { state, touch } from "./state.js";
import { ThreadPane } from "./threads.js";

/** Dismissed ephemerals, by person. @type {Map<string, Set<string>>} */
const dismissed = new Map();
/** The channel each person last looked at. @type {Map<string, string>} */
const lastChannel = new Map();
/** The newest message that was read out, by person and channel. @type {Map<string, string>} */
const spokenUpTo = new Map();

export class Seat {
  /** The root of the thread that is open. @type {string|null} */
  thread = null;

  /**
   * @param {string} person whose Slack has been read
   * @param {{switchTo: (seat: Seat, person: string) => void, close: (seat: Seat) => void, closable: () => boolean}} how
   */
  constructor(person, how) {
    this.person = person;
    this.channel = firstChannel(this.slack());
    this.node = h("section", {
      class: "seat",
      "aria-label": `${this.slack().person.real_name}'s Slack`,
      dataset: { person },
    });
    this.head = personSwitcher(this, {
      switchTo: (to) => how.switchTo(this, to),
      close: () => how.close(this),
      closable: how.closable,
    });
    this.side = sidebar(this);
    this.conversation = new Conversation(this);
    this.threads = new ThreadPane(this);
    this.modals = new ModalLayer(this);
    fill(
      this.node,
      this.head.node,
      h("div", { class: "seat-body" }, this.side.node, this.conversation.node, this.threads.node),
    );
    this.head.update();
    this.side.update();
    this.conversation.open();
    this.modals.update();
  }

  /** @returns {import("./state.js").Slack} */
  slack() {
    return /** @type {import("./state.js").Slack} */ (state.slacks.get(this.person));
  }

  appName() {
    return this.slack().people.get(state.app.bot_user)?.name ?? state.app.name;
  }

  /** @param {string} channel */
  openChannel(channel) {
    this.channel = channel;
    lastChannel.set(this.person, channel);
    this.thread = null;
    this.threads.open();
    this.conversation.open();
    this.side.update();
  }

  /** @param {string} ts of the message it hangs on */
  openThread(ts) {
    this.thread = ts;
    this.threads.open();
    this.threads.composer.field.focus();
  }

  closeThread() {
    this.thread = null;
    this.threads.open();
    this.conversation.composer.field.focus();
  }

  /** Take an ephemeral off this person's screen. @param {import("./state.js").Message} message */
  dismiss(message) {
    if (!dismissed.has(this.person)) dismissed.set(this.person, new Set());
    dismissed.get(this.person)?.add(message.ts);
    touch(`${this.person}/log/${message.channel}`);
  }

  /** @param {import("./state.js").Message} message */
  isDismissed(message) {
    return message.ephemeral && Boolean(dismissed.get(this.person)?.has(message.ts));
  }

  /** Show what went wrong, if it did. @param {any} answer */
  tell(answer) {
    if (answer.ok !== false) return;
    this.slack().notices.push({
      error: answer.error,
      text: answer.text ?? "That did not work.",
      at: Date.now() / 1000,
    });
    touch(`${this.person}/notices`);
  }

  /** Put a text into the composer. @param {string} text */
  type(text) {
    this.conversation.show("messages");
    this.conversation.composer.type(text);
  }

  unreadChanged() {
    this.side.update();
  }

  redrawHead() {
    this.head.update();
  }

  focusHead() {
    /** @type {HTMLElement|null} */ (this.head.node.querySelector("button"))?.focus();
  }

  /** @param {Set<string>} dirty what changed since the last frame */
  update(dirty) {
    if (!this.slack()) return;
    const everything = dirty.has(`${this.person}/all`);
    if (everything) this.head.update();
    if (everything || dirty.has(`${this.person}/channels`)) this.side.update();
    if (everything || dirty.has(`${this.person}/modals`)) this.modals.update();
    this.conversation.update(dirty);
    this.threads.update(dirty);
    if (dirty.has(`${this.person}/log/${this.channel}`)) this.#speak();
  }

  /** Let a screen reader say the newest message of others, once. */
  #speak() {
    const log = this.slack().logs.get(this.channel)?.list ?? [];
    const newest = log[log.length - 1];
    const key = `${this.person}/${this.channel}`;
    if (!newest || newest.user === this.person || (spokenUpTo.get(key) ?? "") >= newest.ts) return;
    spokenUpTo.set(key, newest.ts);
    const who = this.slack().people.get(newest.user)?.name ?? newest.user;
    announce(`${who}${newest.ephemeral ? ", only visible to you" : ""}: ${newest.text.slice(0, 200)}`);
  }
}

/** Where a person starts: where they were, else #general or the first channel they are in. */
function firstChannel(slack) {
  const channels = [...slack.channels.values()];
  const before = lastChannel.get(slack.person.id);
  const open = channels.filter((one) => !one.archived && one.kind !== "dm");
  const found =
    channels.find((one) => one.id === before) ??
    open.find((one) => one.name === "general") ??
    open[0] ??
    channels[0];
  return found?.id ?? "";
}
