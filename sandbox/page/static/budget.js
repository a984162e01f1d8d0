// Graph's smallest budget as a row of cells: what is spent, what is left, when the next comes back.

import { fill, h } from "./dom.js";
import { state } from "./state.js";

const TICK_MS = 500;
const MOST_CELLS = 30;

export class BudgetMeter {
  #timer = 0;

  constructor() {
    this.cells = h("div", {
      class: "cells",
      role: "meter",
      "aria-label": "Requests spent",
      "aria-valuemin": "0",
    });
    this.words = h("span", { class: "quiet" });
    this.count = h("strong", { class: "budget-count" });
    const head = h(
      "div",
      { class: "budget-head" },
      h("h3", {}, "Graph budget for reports"),
      h("span", { class: "grow" }),
      this.count,
    );
    this.node = h(
      "section",
      { class: "pane-section budget", "aria-label": "Graph budget" },
      head,
      this.cells,
      this.words,
    );
    this.update();
  }

  /** Draw the budget as it is now; while it fills up again, draw again by itself. */
  update() {
    window.clearTimeout(this.#timer);
    const budget = state.entra.budget,
      now = Date.now() / 1000;
    const times = budget.used ? spent(budget, now) : [];
    const used = times.length,
      limit = budget.limit ?? 0,
      most = Math.max(limit, used);
    const isHeld = (budget.throttling_until ?? 0) > now;
    this.node.classList.toggle("throttling", isHeld);
    this.cells.setAttribute("aria-valuemax", String(most));
    this.cells.setAttribute("aria-valuenow", String(used));
    fill(
      this.cells,
      Array.from({ length: Math.min(most, MOST_CELLS) }, (_, at) =>
        h("span", { class: at < used ? "cell spent" : "cell" }),
      ),
    );
    fill(this.count, limit ? `${used} of ${limit}` : `${used}`);
    fill(this.words, sentence(budget, times, now));
    if (used || isHeld) this.#timer = window.setTimeout(() => this.update(), TICK_MS);
  }
}

/** When the calls that still count were made, oldest first; a refused call does not count. */
function spent(budget, now) {
  const counts = (call) =>
    call.bucket === budget.bucket && call.status !== 429 && call.at > now - budget.window_s;
  const times = state.entra.calls.filter(counts).map((call) => call.at);
  return times.sort((a, b) => a - b).slice(-budget.used);
}

function sentence(budget, times, now) {
  const held = Math.ceil((budget.throttling_until ?? 0) - now);
  const next = times.length ? Math.ceil(times[0] + budget.window_s - now) : 0;
  return [
    `in ${budget.window_s} s`,
    held > 0 && `■ Graph refuses everything scarce for ${held} s more`,
    held <= 0 && next > 0 && `next frees in ${next} s`,
    budget.throttled ? `${budget.throttled} refused with 429 so far` : "none refused",
  ]
    .filter(Boolean)
    .join(" · ");
}
