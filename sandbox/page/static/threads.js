// A thread, at the right of its conversation.

import { fill, h, iconButton } from "./dom.js";
import { Composer } from "./composer.js";
import { MessageList } from "./messages.js";

export class ThreadPane {
  /** @param {import("./seat.js").Seat} seat */
  constructor(seat) {
    this.seat = seat;
    this.count = h("span", { class: "quiet" });
    this.list = new MessageList(seat, {
      label: "Thread",
      inThread: true,
      select: () => this.#messages(),
      hasOlder: () => false,
      older: async () => {},
      top: () => null,
      lastRead: () => "0",
      onread: () => {},
    });
    this.composer = new Composer(seat, () => seat.thread);
    this.node = h(
      "aside",
      {
        class: "thread",
        "aria-label": "Thread",
        hidden: true,
        onkeydown: (event) => {
          if (event.key === "Escape" && !event.defaultPrevented) seat.closeThread();
        },
      },
      h(
        "header",
        { class: "conv-head" },
        h(
          "div",
          { class: "conv-title" },
          h("h2", {}, "Thread"),
          this.count,
          h("span", { class: "grow" }),
          iconButton("close", "Close thread", () => seat.closeThread(), { class: "thread-close" }),
        ),
      ),
      h("div", { class: "conv-messages" }, this.list.node, this.composer.node),
    );
  }

  #messages() {
    const { thread, channel } = this.seat;
    const log = this.seat.slack().logs.get(channel)?.list ?? [];
    return log.filter(
      (one) => (one.ts === thread || one.thread_ts === thread) && !this.seat.isDismissed(one),
    );
  }

  /** Show the column's thread, or nothing when there is none. */
  open() {
    this.node.hidden = !this.seat.thread;
    if (!this.seat.thread) return;
    this.composer.update();
    this.list.reset();
    this.#drawCount();
  }

  /** @param {Set<string>} dirty */
  update(dirty) {
    const { person, channel, thread } = this.seat;
    if (!thread || !(dirty.has(`${person}/log/${channel}`) || dirty.has(`${person}/all`))) return;
    this.list.update();
    this.#drawCount();
  }

  #drawCount() {
    const replies = this.#messages().filter((one) => one.ts !== this.seat.thread).length;
    fill(this.count, replies === 1 ? "1 reply" : `${replies} replies`);
  }
}
