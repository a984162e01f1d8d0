// The app's home tab.

import { act } from "./api.js";
import { fill, h, iconButton } from "./dom.js";
import { drawBlocks } from "./blocks.js";
import { viewContext } from "./context.js";
import { inspectView } from "./inspector.js";
import { keepingFocus } from "./redraw.js";

const EMPTY = "The bot has not put anything here yet.";

export class HomeTab {
  #drawn = "";
  /** @type {Map<string, any>} */
  #values = new Map();

  /** @param {import("./seat.js").Seat} seat */
  constructor(seat) {
    this.seat = seat;
    this.body = h("div", { class: "home-body" });
    this.node = h("div", { class: "home", role: "tabpanel", "aria-label": "Home", tabindex: "0" }, this.body);
  }

  /** Draw the tab if the app has published another one. */
  update() {
    const view = this.seat.slack().home;
    const mark = view ? `${view.id}|${view.hash}` : "none";
    if (mark === this.#drawn) return;
    this.#drawn = mark;
    this.body.dataset.view = view?.id ?? "";
    const top = this.node.scrollTop;
    keepingFocus(this.body, () =>
      fill(this.body, view ? this.#content(view) : h("p", { class: "quiet home-empty" }, EMPTY)),
    );
    this.node.scrollTop = top;
  }

  #content(view) {
    const tools = h(
      "div",
      { class: "home-tools" },
      iconButton("code", "Look at the payload", () => inspectView(view)),
    );
    return [tools, drawBlocks(view.blocks, viewContext(this.seat, view, this.#values, {}))];
  }

  /** The person opens the tab: the app hears of it and may publish anew. */
  async open() {
    this.update();
    this.node.setAttribute("aria-busy", "true");
    this.seat.tell(await act(this.seat.person, "home", { tab: "home" }));
    this.node.removeAttribute("aria-busy");
  }
}
