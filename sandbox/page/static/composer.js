// Where a person writes: messages, slash commands with their hints, mentions, shortcuts, and what was typed before.

import { act } from "./api.js";
import { fill, h, icon, iconButton, uid } from "./dom.js";
import { openMenu } from "./menu.js";
import { offers } from "./suggestions.js";
import { commandText, messageText } from "./wording.js";

/** @typedef {import("./seat.js").Seat} Seat */

const MOST_REMEMBERED = 50;
const MOST_HIGH = 180;
const REFUSALS = {
  command_not_available: "This command is not available to people of another organisation.",
  not_in_channel: "You are not in this channel.",
  is_archived: "This channel is archived.",
  user_deactivated: "This account is deactivated.",
};
/** What each person typed before, newest last. @type {Map<string, string[]>} */
const typed = new Map();

export class Composer {
  /** @type {import("./suggestions.js").Offer[]} */
  #shown = [];
  #at = -1;
  #back = 0;
  /** What was begun elsewhere, by channel and thread. @type {Map<string, string>} */
  #drafts = new Map();
  #place = "";

  /**
   * @param {Seat} seat
   * @param {() => string|null} thread the thread it writes into
   */
  constructor(seat, thread) {
    this.seat = seat;
    this.thread = thread;
    this.listId = uid("offers");
    this.field = this.#makeField();
    this.list = h("div", {
      class: "offers",
      role: "listbox",
      id: this.listId,
      "aria-label": "Suggestions",
      hidden: true,
    });
    this.said = h("div", { class: "composer-said", role: "status" });
    this.box = h("div", { class: "composer-box" }, this.field, this.#bar());
    this.closed = h(
      "div",
      { class: "composer-closed", hidden: true },
      "This channel is archived. You can read it, but nobody can write here.",
    );
    this.node = h(
      "form",
      { class: "composer", "aria-label": "Write", onsubmit: (event) => event.preventDefault() },
      this.list,
      this.said,
      this.box,
      this.closed,
    );
  }

  #makeField() {
    return /** @type {HTMLTextAreaElement} */ (
      h("textarea", {
        class: "composer-field",
        rows: 1,
        role: "combobox",
        "aria-autocomplete": "list",
        "aria-expanded": "false",
        "aria-controls": this.listId,
        autocomplete: "off",
        spellcheck: "false",
        dir: "auto",
        dataset: { action: "composer" },
        oninput: () => {
          this.#resize();
          this.#suggest();
        },
        onblur: () => this.#hide(),
        onkeydown: (event) => this.#pressed(event),
      })
    );
  }

  #bar() {
    const bolt = iconButton("bolt", "Shortcuts", () => shortcuts(this.seat, bolt), {
      "aria-haspopup": "menu",
      "aria-expanded": "false",
    });
    const slash = h(
      "button",
      {
        type: "button",
        class: "icon-button composer-slash",
        "aria-label": "Slash command",
        title: "Slash command",
        onclick: () => {
          if (!this.field.value) this.type("/");
          this.field.focus();
        },
      },
      "/",
    );
    const send = iconButton("send", "Send", () => void this.#submit(), { class: "composer-send" });
    return h("div", { class: "composer-bar" }, bolt, slash, h("span", { class: "grow" }), send);
  }

  /** Put a text into the field and the focus behind it. @param {string} text */
  type(text) {
    this.field.value = text;
    this.#resize();
    this.field.focus();
    this.field.setSelectionRange(text.length, text.length);
    this.#suggest();
  }

  /** Say where a message would go; what was begun somewhere else waits there. */
  update() {
    this.#goTo(`${this.seat.channel}/${this.thread() ?? ""}`);
    const channel = this.seat.slack().channels.get(this.seat.channel);
    const name = channel?.kind === "dm" ? this.seat.appName() : `#${channel?.name ?? ""}`;
    this.field.placeholder = this.thread() ? "Reply…" : `Message ${name}`;
    this.field.setAttribute("aria-label", this.thread() ? "Reply in thread" : `Message ${name}`);
    this.box.hidden = Boolean(channel?.archived);
    this.closed.hidden = !channel?.archived;
  }

  #goTo(place) {
    if (place === this.#place) return;
    if (this.#place) this.#drafts.set(this.#place, this.field.value);
    this.field.value = this.#drafts.get(place) ?? "";
    this.#place = place;
    this.#back = 0;
    this.#tell("");
    this.#hide();
    this.#resize();
  }

  #resize() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, MOST_HIGH)}px`;
  }

  #suggest() {
    const known = { commands: this.seat.slack().commands, people: people(this.seat) };
    this.#shown = offers(this.field.value, this.field.selectionStart, known);
    this.#at = this.#shown.length && this.#shown[0].eager ? 0 : -1;
    this.#drawOffers();
  }

  #hide() {
    this.#shown = [];
    this.#drawOffers();
  }

  #drawOffers() {
    this.list.hidden = !this.#shown.length;
    this.field.setAttribute("aria-expanded", String(this.#shown.length > 0));
    fill(
      this.list,
      this.#shown.map((offer, n) =>
        h(
          "div",
          {
            class: `offer ${n === this.#at ? "at" : ""}`,
            role: "option",
            id: `${this.listId}-${n}`,
            "aria-selected": String(n === this.#at),
            onpointerdown: (event) => {
              event.preventDefault();
              this.type(offer.insert);
            },
          },
          h("bdi", { class: "offer-label" }, offer.label),
          h("span", { class: "offer-detail" }, offer.detail),
        ),
      ),
    );
    this.field.setAttribute("aria-activedescendant", this.#at >= 0 ? `${this.listId}-${this.#at}` : "");
    this.list.querySelector(".at")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.isComposing || event.shiftKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
    if (this.#shown.length && this.#pressedInOffers(event, step)) return;
    if (event.key === "Enter") {
      event.preventDefault();
      void this.#submit();
    } else if (step && (!this.field.value || this.#back)) this.#recall(event, step);
    else if (event.key.length === 1) this.#back = 0;
  }

  /** @returns {boolean} whether the key was meant for the suggestions */
  #pressedInOffers(event, step) {
    const takes = event.key === "Tab" || (event.key === "Enter" && this.#at >= 0);
    if (!step && !takes && event.key !== "Escape") return false;
    event.preventDefault();
    if (step) {
      this.#at = (this.#at + step + this.#shown.length) % this.#shown.length;
      this.#drawOffers();
    } else if (takes) this.type(this.#shown[Math.max(this.#at, 0)].insert);
    else {
      event.stopPropagation();
      this.#hide();
    }
    return true;
  }

  /** Bring back what was typed before. */
  #recall(event, step) {
    const before = typed.get(this.seat.person) ?? [];
    if (!before.length) return;
    event.preventDefault();
    this.#back = Math.max(0, Math.min(before.length, this.#back - step));
    this.type(this.#back ? before[before.length - this.#back] : "");
    this.#hide();
  }

  async #submit() {
    const text = this.field.value.trim();
    if (!text) return;
    this.#hide();
    const problem = refusal(this.seat, text, this.thread());
    this.#tell(problem);
    if (problem) return;
    this.field.value = "";
    this.#resize();
    remember(this.seat.person, text);
    this.#back = 0;
    this.node.classList.add("sending");
    const place = this.#place;
    const answer = await dispatch(this.seat, text, this.thread());
    this.node.classList.remove("sending");
    if (!answer.ok) this.#giveBack(place, text, answer);
  }

  /** What could not be sent is not lost. */
  #giveBack(place, text, answer) {
    if (place !== this.#place) this.#drafts.set(place, this.#drafts.get(place) || text);
    else if (!this.field.value) {
      this.field.value = text;
      this.#resize();
    }
    this.#tell(REFUSALS[answer.error] ?? answer.text ?? `Slack would not let you do that: ${answer.error}`);
  }

  #tell(words) {
    fill(this.said, words && [icon("warn", 15), h("span", {}, words)]);
  }
}

/** Everybody a message may name here: the channel's members, the bot included. */
function people(seat) {
  const slack = seat.slack();
  const members = slack.channels.get(seat.channel)?.members;
  return [...slack.people.values()].filter(
    (one) => !one.deleted && (!members?.length || members.includes(one.id)),
  );
}

/** What Slack's client says before anything is sent, or "". */
function refusal(seat, text, thread) {
  if (!text.startsWith("/")) return "";
  const command = text.split(/\s/)[0];
  if (!seat.slack().commands.some((one) => one.command === command))
    return `${command} is not a valid command.`;
  return thread ? `${command} is not supported in threads. Sorry!` : "";
}

function dispatch(seat, text, thread) {
  const everybody = [...seat.slack().people.values()];
  if (text.startsWith("/")) {
    const [command] = text.split(/\s/);
    return act(seat.person, "command", {
      channel: seat.channel,
      command,
      text: commandText(text.slice(command.length), everybody),
    });
  }
  return act(seat.person, "message", {
    channel: seat.channel,
    text: messageText(text, everybody),
    ...(thread ? { thread_ts: thread } : {}),
  });
}

function remember(person, text) {
  const before = (typed.get(person) ?? []).filter((one) => one !== text);
  typed.set(person, [...before, text].slice(-MOST_REMEMBERED));
}

function shortcuts(seat, anchor) {
  const offered = seat.slack().shortcuts.filter((one) => one.type === "global");
  const items = offered.map((one) => ({
    label: one.name,
    detail: one.description ?? seat.appName(),
    picture: icon("bolt", 16),
    run: async () => seat.tell(await act(seat.person, "shortcut", { callback_id: one.callback_id })),
  }));
  const none = [{ label: "The app has no global shortcut", heading: true }];
  return openMenu(anchor, items.length ? items : none, { label: "Shortcuts", side: "above" });
}
