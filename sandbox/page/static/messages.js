// A list of messages that follows its log: rows are reused, at most a screenful of hundreds is in the page,
// and it stays at the newest unless somebody has scrolled up.

import { fill, h } from "./dom.js";
import { dayName, dayOf } from "./dates.js";
import { drawMessage } from "./message.js";
import { arrange, replaceNode } from "./redraw.js";

/**
 * @typedef {import("./state.js").Message} Message
 * @typedef {{node: HTMLElement, divider: HTMLElement|null, mark: string, message: Message}} Row
 * @typedef {object} Source  What a list shows.
 * @property {string} label
 * @property {boolean} inThread
 * @property {() => Message[]} select
 * @property {() => boolean} hasOlder
 * @property {() => Promise<void>} older
 * @property {() => Node|null} top stands over the oldest message when there is no older one
 * @property {(ts: string) => void} onread
 * @property {() => string} lastRead
 */

const FIRST_ROWS = 120;
const MORE_ROWS = 120;
const MOST_ROWS = 720;
const TOGETHER_SECONDS = 300;
const HAND_MS = 1500;
const NEAR_PIXELS = 40;

export class MessageList {
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #most = FIRST_ROWS;
  #atEnd = true;
  #touched = 0;
  #newest = "";
  #above = "";
  #loading = false;

  /**
   * @param {import("./seat.js").Seat} seat
   * @param {Source} source
   */
  constructor(seat, source) {
    this.seat = seat;
    this.source = source;
    /** The line "New" stands over the first message between these two: what was unread when the list was opened. */
    this.newFrom = source.lastRead();
    this.newUntil = "";
    this.list = h("div", { class: "msg-list", role: "list", "aria-label": source.label });
    this.head = h("div", { class: "msg-top" });
    this.jump = h(
      "button",
      { type: "button", class: "msg-jump", hidden: true, onclick: () => this.toEnd() },
      "New messages ↓",
    );
    this.scroller = h(
      "div",
      { class: "msg-scroller", tabindex: "-1" },
      h("div", { class: "msg-inner" }, this.head, this.list),
    );
    this.node = h("div", { class: "msg-frame" }, this.scroller, this.jump);
    this.list.addEventListener("keydown", (event) => walk(this.list, event));
    this.#watchScrolling();
  }

  /** A column that changes its width scrolls too; only a hand on the list means "stay here". */
  #watchScrolling() {
    const hand = () => {
      this.#touched = Date.now();
    };
    for (const kind of ["wheel", "touchmove", "pointerdown", "keydown", "focusin"]) {
      this.scroller.addEventListener(kind, hand, { passive: true });
    }
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const sizes = new ResizeObserver(() => {
      if (this.#atEnd) this.toEnd();
    });
    sizes.observe(this.scroller);
    sizes.observe(/** @type {Element} */ (this.scroller.firstElementChild));
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_PIXELS;
    if (near && !this.#atEnd) this.#read(this.source.select());
    if (near) {
      this.#stay(true);
      this.jump.hidden = true;
    } else if (Date.now() - this.#touched < HAND_MS) this.#stay(false);
    else if (this.#atEnd) this.toEnd();
  }

  #stay(end) {
    this.#atEnd = end;
    this.scroller.classList.toggle("at-end", end);
  }

  #read(messages) {
    const last = messages[messages.length - 1];
    if (last && this.#atEnd && !document.hidden) this.source.onread(last.ts);
  }

  /** Go to the newest message and stay there. */
  toEnd() {
    this.#stay(true);
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.jump.hidden = true;
  }

  /** Begin anew: another conversation. */
  reset() {
    this.#rows = new Map();
    this.list.textContent = this.#above = "";
    this.#most = FIRST_ROWS;
    this.newFrom = this.source.lastRead();
    this.newUntil = this.source.select().at(-1)?.ts ?? "";
    this.update();
    this.toEnd();
  }

  /** Draw what changed in the log. */
  update() {
    const all = this.source.select();
    const messages = all.slice(-this.#most);
    this.#replace(messages, this.source.inThread ? new Map() : repliesOf(this.seat, all));
    const isMore = this.source.hasOlder() || all.length > this.#most;
    this.#drawAbove(isMore);
    rove(this.list);
    const newest = messages[messages.length - 1]?.ts ?? "";
    if (!this.#atEnd && newest > this.#newest) this.jump.hidden = false;
    this.#newest = newest;
    this.#read(messages);
  }

  #replace(messages, replies) {
    const kept = new Map();
    messages.forEach((message, at) => {
      kept.set(message.ts, this.#rowFor(message, messages[at - 1], replies.get(message.ts) ?? []));
    });
    const rows = [...kept.values()];
    const nodes = rows.flatMap((row) => (row.divider ? [row.divider, row.node] : [row.node]));
    const focused = this.list.contains(document.activeElement);
    const following = focused ? this.#after(document.activeElement, kept) : null;
    arrange(this.list, nodes);
    if (focused && !this.list.contains(document.activeElement)) stand(following ?? rows.at(-1)?.node);
    this.#rows = kept;
  }

  /** The message where the focus goes on when the one it is in is taken away. */
  #after(active, kept) {
    const all = [...this.#rows];
    const at = all.findIndex(([, row]) => row.node.contains(active));
    const next = all.slice(at + 1).find(([ts]) => kept.has(ts));
    return next ? kept.get(next[0]).node : null;
  }

  /** @returns {Row} the row there is, or a new one when anything about it changed */
  #rowFor(message, previous, replies) {
    const look = this.#lookOf(message, previous);
    const mark = `${Object.values(look)}|${replies.length}|${replies[replies.length - 1]?.ts ?? ""}`;
    const known = this.#rows.get(message.ts);
    if (known && known.mark === mark && known.message === message) return known;
    const made = drawMessage(this.seat, message, {
      compact: look.compact,
      inThread: this.source.inThread,
      replies,
    });
    if (known) replaceNode(known.node, made);
    return { node: made, divider: divider(message, look, this.seat.slack().person.tz), mark, message };
  }

  #lookOf(message, previous) {
    const { inThread } = this.source,
      zone = this.seat.slack().person.tz;
    const isReply = inThread && Boolean(previous) && previous.ts === message.thread_ts;
    const newDay =
      !inThread && (!previous || dayOf(Number(previous.ts), zone) !== dayOf(Number(message.ts), zone));
    const isUnread = message.ts > this.newFrom && message.ts <= this.newUntil;
    const firstNew = isUnread && (!previous || previous.ts <= this.newFrom);
    const isNew = !inThread && firstNew && this.newFrom !== "0" && message.user !== this.seat.person;
    return { newDay, isNew, isReply, compact: !newDay && !isNew && !isReply && together(previous, message) };
  }

  /** Drawn when something else stands there: a button that is replaced loses the focus. */
  #drawAbove(isMore) {
    const above = isMore ? "more" : "beginning";
    if (above === this.#above) return;
    this.#above = above;
    const onclick = () => void this.#older();
    const older = { type: "button", class: "b-button msg-older", onclick };
    fill(this.head, isMore ? h("button", older, "Show older messages") : this.source.top());
  }

  /** Older messages come in above; what was looked at stays where it is. */
  async #older() {
    if (this.#loading) return;
    this.#loading = true;
    const height = this.scroller.scrollHeight;
    if (this.source.select().length <= this.#most) await this.source.older();
    this.#most = Math.min(this.#most + MORE_ROWS, MOST_ROWS);
    this.update();
    this.scroller.scrollTop += this.scroller.scrollHeight - height;
    this.#loading = false;
  }
}

function together(previous, message) {
  return (
    Boolean(previous) &&
    previous.user === message.user &&
    !previous.ephemeral &&
    !message.ephemeral &&
    Number(message.ts) - Number(previous.ts) < TOGETHER_SECONDS &&
    !message.blocks?.length &&
    !previous.blocks?.length
  );
}

function divider(message, look, zone) {
  if (!look.newDay && !look.isNew && !look.isReply) return null;
  const words = look.newDay ? dayName(Number(message.ts), zone) : look.isReply ? "Replies" : "";
  return h(
    "div",
    { class: `msg-divider ${look.isNew ? "new" : ""}`, role: "separator" },
    words && h("span", {}, words),
    look.isNew && h("span", { class: "msg-new" }, "New"),
  );
}

/** @returns {Map<string, Message[]>} replies by the message they answer */
function repliesOf(seat, tops) {
  const found = new Map();
  const channel = tops[0]?.channel;
  for (const one of seat.slack().logs.get(channel)?.list ?? []) {
    if (!one.thread_ts || one.thread_ts === one.ts) continue;
    if (!found.has(one.thread_ts)) found.set(one.thread_ts, []);
    found.get(one.thread_ts).push(one);
  }
  return found;
}

/** One message can be reached by Tab, the newest unless somebody is among them; arrow keys go to the others. */
function rove(list) {
  const current = list.querySelector(".msg[tabindex='0']");
  const last = list.querySelector(".msg:last-of-type");
  if (!last || last === current || (current && list.contains(document.activeElement))) return;
  current?.setAttribute("tabindex", "-1");
  last.setAttribute("tabindex", "0");
}

/** Put the focus on a message, which is then the one that Tab reaches. */
function stand(message) {
  if (!message) return;
  for (const one of message.parentElement.querySelectorAll(".msg[tabindex='0']"))
    one.setAttribute("tabindex", "-1");
  message.setAttribute("tabindex", "0");
  message.focus();
}

function walk(list, event) {
  if (!(event.target instanceof HTMLElement) || !event.target.classList.contains("msg")) return;
  const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".msg")]);
  const at = all.indexOf(event.target);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined || !all[to]) return;
  event.preventDefault();
  stand(all[to]);
}
