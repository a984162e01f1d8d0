// A menu to choose from, one or several, with a filter: every kind of Slack select.

import { h, fill, uid } from "./dom.js";
import { openPopover } from "./popover.js";

/**
 * @typedef {{value: string, label: string, detail?: string, group?: string}} Choice
 * @typedef {object} Choosing
 * @property {string} label accessible name
 * @property {string} [labelledby] id of a visible label, instead
 * @property {string} placeholder
 * @property {boolean} several
 * @property {number} [most] at most so many, when several
 * @property {string[]} chosen values chosen at the start
 * @property {(query: string) => Choice[]|Promise<Choice[]>} find
 * @property {(value: string) => string} name label of a value
 * @property {(chosen: string[]) => void} onchoose
 */

/**
 * @param {Choosing} how
 * @returns {HTMLElement}
 */
export function picker(how) {
  return new Picker(how).node;
}

class Picker {
  /** @param {Choosing} how */
  constructor(how) {
    this.how = how;
    this.chosen = [...how.chosen];
    const id = uid("picker");
    this.face = h("button", {
      type: "button",
      class: "picker-face",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      id,
      "aria-labelledby": how.labelledby ? `${how.labelledby} ${id}` : null,
      onclick: () => this.#open(),
      onkeydown: (event) => {
        if (event.key === "ArrowDown") {
          event.preventDefault();
          this.#open();
        }
      },
    });
    this.tokens = h("span", { class: "picker-tokens" });
    this.node = h("div", { class: `picker ${how.several ? "several" : ""}` }, this.tokens, this.face);
    this.#draw();
  }

  #draw() {
    const { several, placeholder, name, labelledby, label } = this.how;
    const isEmpty = several || !this.chosen.length;
    const words = isEmpty ? placeholder : name(this.chosen[0]);
    fill(
      this.face,
      h("span", { class: `picker-value ${isEmpty ? "empty" : ""}`, dir: "auto" }, words),
      h("span", { class: "picker-arrow", "aria-hidden": "true" }, "⌄"),
    );
    if (!labelledby) this.face.setAttribute("aria-label", `${label}: ${words}`);
    fill(this.tokens, several && this.chosen.map((value) => this.#token(value)));
  }

  #token(value) {
    const name = this.how.name(value);
    return h(
      "span",
      { class: "token" },
      h("bdi", {}, name),
      h(
        "button",
        {
          type: "button",
          "aria-label": `Take ${name} away`,
          onclick: () => this.#change(this.chosen.filter((one) => one !== value)),
        },
        "×",
      ),
    );
  }

  #change(chosen) {
    this.chosen = chosen;
    this.#draw();
    this.how.onchoose([...chosen]);
  }

  #open() {
    if (this.face.getAttribute("aria-expanded") !== "true") new OpenList(this);
  }

  /** Choose, or take back when several can be chosen. @param {Choice} choice @returns {boolean} whether the list may close */
  pick(choice) {
    const { several, most } = this.how;
    if (!several) this.#change([choice.value]);
    else if (this.chosen.includes(choice.value))
      this.#change(this.chosen.filter((one) => one !== choice.value));
    else if (!most || this.chosen.length < most) this.#change([...this.chosen, choice.value]);
    return !several;
  }
}

/** The open list: a filter that keeps the focus, and options that follow it. */
class OpenList {
  /** @type {Choice[]} */
  #shown = [];
  #at = 0;
  #asked = 0;

  /** @param {Picker} picker */
  constructor(picker) {
    this.picker = picker;
    this.id = uid("list");
    const { label, several } = picker.how;
    this.filter = /** @type {HTMLInputElement} */ (
      h("input", {
        type: "text",
        class: "picker-filter",
        role: "combobox",
        "aria-expanded": "true",
        "aria-controls": this.id,
        "aria-autocomplete": "list",
        "aria-label": `Filter: ${label}`,
        placeholder: "Search",
        autocomplete: "off",
        oninput: () => void this.#search(),
        onkeydown: (event) => this.#pressed(event),
      })
    );
    this.list = h("div", {
      class: "picker-list",
      role: "listbox",
      id: this.id,
      "aria-label": label,
      "aria-multiselectable": several ? "true" : null,
    });
    this.popover = openPopover(picker.face, h("div", { class: "picker-open" }, this.filter, this.list), {
      width: "anchor",
    });
    this.filter.focus();
    void this.#search();
  }

  /** Ask what fits; an answer that comes after a newer question is dropped. */
  async #search() {
    const mine = (this.#asked += 1);
    const found = await this.picker.how.find(this.filter.value.trim());
    if (mine !== this.#asked) return;
    this.#shown = found;
    const selected = found.findIndex((one) => this.picker.chosen.includes(one.value));
    this.#at = this.filter.value || selected < 0 ? 0 : selected;
    this.#draw();
    this.popover.place();
  }

  #draw() {
    let group = "";
    fill(
      this.list,
      this.#shown.map((choice, n) => {
        const heading =
          choice.group &&
          choice.group !== group &&
          h("div", { class: "menu-heading", role: "presentation" }, choice.group);
        group = choice.group ?? "";
        return [heading, this.#option(choice, n)];
      }),
      !this.#shown.length && h("div", { class: "picker-none" }, "Nothing found"),
    );
    this.#mark();
  }

  #option(choice, n) {
    const isChosen = this.picker.chosen.includes(choice.value);
    return h(
      "div",
      {
        class: "picker-option",
        role: "option",
        id: `${this.id}-${n}`,
        "aria-selected": String(isChosen),
        onclick: () => this.#pick(choice),
        onpointermove: () => {
          if (this.#at !== n) {
            this.#at = n;
            this.#mark();
          }
        },
      },
      h(
        "span",
        { class: "menu-words" },
        h("bdi", { class: "menu-label" }, choice.label),
        choice.detail && h("span", { class: "menu-detail" }, choice.detail),
      ),
      h("span", { class: "menu-tick", "aria-hidden": "true" }, isChosen ? "✓" : ""),
    );
  }

  #mark() {
    const rows = this.list.querySelectorAll("[role=option]");
    rows.forEach((row, n) => row.classList.toggle("at", n === this.#at));
    this.filter.setAttribute("aria-activedescendant", rows[this.#at]?.id ?? "");
    rows[this.#at]?.scrollIntoView({ block: "nearest" });
  }

  #pick(choice) {
    if (!this.picker.how.several) this.popover.close(true);
    if (!this.picker.pick(choice)) this.#draw();
  }

  #pressed(event) {
    event.stopPropagation();
    const count = this.#shown.length;
    const to = { ArrowDown: this.#at + 1, ArrowUp: this.#at - 1 }[event.key];
    const handled = event.key === "Tab" || event.key === "Enter" || (to !== undefined && count > 0);
    if (handled) event.preventDefault();
    if (event.key === "Tab") this.popover.close(true);
    else if (event.key === "Enter" && this.#shown[this.#at]) this.#pick(this.#shown[this.#at]);
    else if (to !== undefined && count) {
      this.#at = (to + count) % count;
      this.#mark();
    }
  }
}
