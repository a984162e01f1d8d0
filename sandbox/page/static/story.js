// The guided story: six steps, each said in a sentence, shown by a ring around the control, ticked by what really happened.

import { post } from "./api.js";
import { announce } from "./announce.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { isHeld } from "./hold.js";
import { keepingFocus } from "./redraw.js";
import { state } from "./state.js";
import { STEPS, factsOf } from "./story_steps.js";

/**
 * What the story needs from the page.
 * @typedef {object} Stage
 * @property {(role: string, beside?: boolean) => Promise<import("./seat.js").Seat|null>} seatOf show whoever has that role
 * @property {(role: string) => import("./seat.js").Seat|null} shownSeat the column of that role, if it is shown
 * @property {() => void} openPane
 */

const READING_MS = 5000;
const LOOK_MS = 400;

export class GuidedStory {
  /** Steps passed over by hand. @type {Set<string>} */
  #skipped = new Set();
  /** @type {Element|null} */
  #ringed = null;
  #readSince = 0;
  #current = "";
  #drawn = "";
  #done = 0;
  #restarting = false;

  /**
   * @param {Stage} stage
   * @param {() => void} hide
   */
  constructor(stage, hide) {
    this.stage = stage;
    this.hide = hide;
    this.pills = h("ol", { class: "coach-steps" });
    this.words = h("div", { class: "coach-words", role: "status" });
    this.buttons = h("div", { class: "coach-buttons" });
    this.node = h(
      "section",
      { class: "coach", "aria-label": "Guided story" },
      this.pills,
      h("div", { class: "coach-now" }, this.words, this.buttons),
    );
    this.#draw();
    window.setInterval(() => this.look(), LOOK_MS);
  }

  #isDone(step) {
    const read = this.#readSince > 0 && Date.now() - this.#readSince > READING_MS;
    return this.#skipped.has(step.id) || step.done(factsOf(state.progress), { read });
  }

  #step() {
    return STEPS.find((step) => !this.#isDone(step)) ?? null;
  }

  #draw() {
    const step = this.#step(),
      done = STEPS.filter((one) => this.#isDone(one)).length;
    const subject = state.progress.subject?.name || "The stuck user";
    const words = [step?.title(subject), step?.says(state.progress)];
    const now = JSON.stringify([step?.id, done, words, this.#restarting]);
    // A button that is replaced while somebody presses it loses the click.
    if (now === this.#drawn) return;
    this.#drawn = now;
    fill(
      this.pills,
      STEPS.map((one, at) => this.#pill(one, at, step)),
    );
    fill(
      this.words,
      step
        ? [h("strong", {}, `${step.title(subject)} `), h("span", { dir: "auto" }, step.says(state.progress))]
        : [
            h("strong", {}, "That is the whole product. "),
            "Now it is yours: ask about somebody else in the tenant, break a policy, kill the bot.",
          ],
    );
    keepingFocus(this.buttons, () => fill(this.buttons, this.#buttons(step)));
    if (done > this.#done) announce(step ? `Done. Next: ${step.name}` : "All six steps are done.");
    this.#done = done;
    this.#current = step?.id ?? "end";
  }

  #pill(one, at, step) {
    const isDone = this.#isDone(one),
      isNow = one === step;
    return h(
      "li",
      {
        class: `coach-step ${isDone ? "done" : ""} ${isNow ? "now" : ""}`,
        "aria-current": isNow ? "step" : null,
      },
      h(
        "span",
        { class: "coach-number", "aria-hidden": "true" },
        isDone ? icon("check", 13) : String(at + 1),
      ),
      h("span", { class: "coach-name" }, one.name),
      h("span", { class: "sr" }, isDone ? " done" : isNow ? " now" : " to do"),
    );
  }

  #buttons(step) {
    const button = (action, words, kind, onclick) =>
      h("button", { type: "button", class: `b-button ${kind}`, dataset: { action }, onclick }, words);
    if (this.#restarting) return h("span", { class: "quiet" }, "Putting the tenant back …");
    return [
      step && button("coach-show", step.button, "primary", () => void step.show(this.stage, state.progress)),
      step &&
        button("coach-skip", "Skip", "", () => {
          this.#skipped.add(step.id);
          this.#draw();
          this.look();
        }),
      button("coach-restart", "Start again", "", () => void this.#restart()),
      iconButton("close", "Hide the guide", this.hide),
    ];
  }

  async #restart() {
    this.#skipped.clear();
    this.#readSince = 0;
    this.#done = 0;
    this.#restarting = true;
    this.#draw();
    await post("/api/progress", { restart: true });
    this.#restarting = false;
    this.#draw();
  }

  /** Put the ring where the next click belongs; the page draws itself anew often, so this is asked again and again. */
  look() {
    const isShown = this.node.isConnected && this.node.offsetParent !== null;
    const step = isShown ? this.#step() : null;
    if (step?.id === "read" && factsOf(state.progress).answered && !this.#readSince)
      this.#readSince = Date.now();
    if (isShown && !isHeld() && (step?.id ?? "end") !== this.#current) this.#draw();
    const target = step?.target(this.stage, state.progress) ?? null;
    if (target === this.#ringed) return;
    this.#ringed?.classList.remove("ring");
    target?.classList.add("ring");
    this.#ringed = target;
  }

  /** @param {Set<string>} dirty */
  update(dirty) {
    if (!dirty.has("progress")) return;
    this.#draw();
    this.look();
  }
}
