// A person's modals: the stack's top is shown, its fields keep what was typed, problems stand under their fields.

import { act } from "./api.js";
import { byAction, fill, h, icon, iconButton, uid } from "./dom.js";
import { drawBlocks } from "./blocks.js";
import { nested, viewContext } from "./context.js";
import { focusFirst, openDialog } from "./dialogs.js";
import { isComposing, onceLetGo } from "./hold.js";
import { inspectView } from "./inspector.js";
import { closePopoverIn } from "./popover.js";
import { touch } from "./state.js";

const LATER_MS = 200;
const TROUBLE = "We had some trouble connecting. Try again?";

export class ModalLayer {
  /** What was typed, by view. @type {Map<string, Map<string, any>>} */
  #drafts = new Map();
  /** @type {{node: HTMLElement, close: () => void}|null} */
  #dialog = null;
  #shown = "";
  #mark = "";
  /** @type {Record<string, string>} */
  #errors = {};
  /** The errors that the stream told last: the answer to a form is ahead of it. */
  #said = "";
  #trouble = "";
  #busy = false;

  /** @param {import("./seat.js").Seat} seat */
  constructor(seat) {
    this.seat = seat;
    this.title = uid("modal");
  }

  /** Show the top of the stack as it is now. */
  update() {
    const stack = this.seat.slack().modals;
    for (const id of this.#drafts.keys()) if (!stack.some((view) => view.id === id)) this.#drafts.delete(id);
    const view = stack[stack.length - 1];
    if (!view) return this.#shut();
    const isNew = view.id !== this.#shown;
    // While a form is on its way its answer draws what came of it, once: no list that was opened since is lost.
    if (this.#busy && !isNew) return undefined;
    const said = JSON.stringify(view.errors ?? {});
    if (isNew || said !== this.#said) this.#errors = view.errors ?? {};
    [this.#said, this.#shown] = [said, view.id];
    if (this.#markOf(view) === this.#mark) return undefined;
    if (!isNew && isComposing()) return this.#later();
    if (isNew) [this.#trouble, this.#busy] = ["", false];
    return this.#draw(view, isNew);
  }

  #later() {
    window.setTimeout(() => touch(`${this.seat.person}/modals`), LATER_MS);
  }

  #shut() {
    this.#dialog?.close();
    this.#dialog = null;
    this.#shown = this.#mark = this.#said = "";
    this.#busy = false;
  }

  #valuesOf(view) {
    if (!this.#drafts.has(view.id)) this.#drafts.set(view.id, new Map());
    return /** @type {Map<string, any>} */ (this.#drafts.get(view.id));
  }

  /** What is shown, to tell whether it must be drawn again. */
  #markOf(view) {
    return `${view.id}|${view.hash}|${JSON.stringify(this.#errors)}|${this.seat.slack().modals.length}`;
  }

  #draw(view, isNew) {
    this.#mark = this.#markOf(view);
    const dialog = (this.#dialog ??= openDialog(this.seat.node, {
      kind: "dialog-modal",
      labelledby: this.title,
      onescape: () => void this.#leave(this.#top(), false),
    }));
    closePopoverIn(dialog.node);
    const active = /** @type {any} */ (document.activeElement);
    const action = isNew ? undefined : active?.closest?.("[data-action]")?.dataset.action;
    const caret = active?.selectionStart;
    const body = this.#body(view);
    const form = h(
      "form",
      {
        class: "dialog-form",
        novalidate: true,
        dataset: { view: view.id },
        onsubmit: (event) => {
          event.preventDefault();
          void this.#submit(view);
        },
      },
      this.#head(view),
      body,
      this.#foot(view),
    );
    fill(dialog.node, form);
    if (isNew) focusFirst(body.querySelector("[data-autofocus]")?.parentElement ?? form);
    else if (action) refocus(form, action, caret);
    else if (!dialog.node.contains(document.activeElement)) dialog.node.focus();
  }

  #top() {
    const stack = this.seat.slack().modals;
    return stack[stack.length - 1];
  }

  #body(view) {
    return h(
      "div",
      { class: "dialog-body" },
      this.#trouble && h("div", { class: "dialog-trouble", role: "alert" }, icon("warn", 16), this.#trouble),
      drawBlocks(view.blocks, viewContext(this.seat, view, this.#valuesOf(view), this.#errors)),
    );
  }

  #head(view) {
    const isStacked = this.seat.slack().modals.length > 1;
    return h(
      "header",
      { class: "dialog-head" },
      h("span", { class: "side-app", "aria-hidden": "true" }, "P"),
      h("h2", { id: this.title, dir: "auto" }, view.title),
      h("span", { class: "grow" }),
      iconButton("code", "Look at the payload", () => inspectView(view)),
      iconButton("close", "Close", () => void this.#leave(view, isStacked), { class: "dialog-close" }),
    );
  }

  #foot(view) {
    const leave = view.close ?? (this.seat.slack().modals.length > 1 ? "Back" : "Close");
    return h(
      "footer",
      { class: "dialog-foot" },
      h("button", { type: "button", class: "b-button", onclick: () => void this.#leave(view, false) }, leave),
      view.submit &&
        h(
          "button",
          {
            type: "submit",
            class: "b-button primary dialog-submit",
            "aria-busy": this.#busy ? "true" : null,
          },
          h("span", { class: "b-button-words" }, view.submit),
        ),
    );
  }

  async #submit(view) {
    if (this.#busy || !view.submit) return;
    this.#busy = true;
    this.#trouble = "";
    const button = this.#dialog?.node.querySelector(".dialog-submit");
    button?.setAttribute("aria-busy", "true");
    const answer = await act(this.seat.person, "submit", {
      view_id: view.id,
      values: nested(view.blocks, this.#valuesOf(view)),
    });
    onceLetGo(() => {
      this.#busy = false;
      if (this.#shown === view.id && this.#dialog) this.#answered(answer);
    });
  }

  #answered(answer) {
    this.#errors = answer.errors ?? {};
    const isWrong = Object.keys(this.#errors).length > 0;
    if (!answer.ok || (answer.error && !isWrong)) this.#trouble = answer.text ?? TROUBLE;
    const view = this.#top();
    if (!view) return;
    this.#draw(view, false);
    /** @type {HTMLElement|null|undefined} */ (this.#dialog?.node.querySelector("[aria-invalid]"))?.focus();
  }

  async #leave(view, all) {
    const answer = await act(this.seat.person, "close", { view_id: view.id, ...(all ? { all: true } : {}) });
    if (!answer.ok) this.#shut();
  }
}

function refocus(form, action, caret) {
  const same = byAction(form, action);
  const target = /** @type {any} */ (
    same?.matches("input,textarea,button") ? same : same?.querySelector("button,input")
  );
  target?.focus();
  if (typeof caret === "number" && /^(text|textarea)$/.test(target?.type ?? ""))
    target.setSelectionRange(caret, caret);
}
