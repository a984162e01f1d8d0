// A menu of things to do: arrow keys, first letters, Home, End, Esc.

import { h } from "./dom.js";
import { openPopover } from "./popover.js";

/**
 * @typedef {object} Item
 * @property {string} label
 * @property {string} [detail] small print under the label
 * @property {Node} [picture] stands before the label
 * @property {boolean} [checked] a tick; makes the item a radio item
 * @property {boolean} [heading] only a heading
 * @property {string} [kind] "danger"
 * @property {() => void} [run]
 */

/**
 * Open a menu beside the button that asked for it.
 * @param {HTMLElement} anchor
 * @param {Item[]} items
 * @param {{label: string, side?: "below"|"above"}} how
 */
export function openMenu(anchor, items, how) {
  if (anchor.getAttribute("aria-expanded") === "true") return undefined;
  const list = h("div", { class: "menu", role: "menu", "aria-label": how.label, tabindex: "-1" });
  const popover = openPopover(anchor, list, { side: how.side });
  for (const item of items) list.append(row(item, popover));
  list.addEventListener("keydown", (event) => move(list, event, popover));
  popover.place();
  rows(list)[0]?.focus();
  const checked = rows(list).find((one) => one.getAttribute("aria-checked") === "true");
  checked?.focus();
  return popover;
}

function row(item, popover) {
  if (item.heading) return h("div", { class: "menu-heading", role: "presentation" }, item.label);
  const words = h(
    "span",
    { class: "menu-words" },
    h("span", { class: "menu-label", dir: "auto" }, item.label),
    item.detail && h("span", { class: "menu-detail", dir: "auto" }, item.detail),
  );
  const radio = item.checked !== undefined;
  return h(
    "button",
    {
      type: "button",
      class: `menu-item ${item.kind ?? ""}`,
      role: radio ? "menuitemradio" : "menuitem",
      tabindex: "-1",
      "aria-checked": radio ? String(item.checked) : null,
      onclick: () => {
        popover.close(true);
        item.run?.();
      },
    },
    item.picture,
    words,
    item.checked && h("span", { class: "menu-tick", "aria-hidden": "true" }, "✓"),
  );
}

/** @returns {HTMLElement[]} */
function rows(list) {
  return [...list.querySelectorAll("[role^=menuitem]")];
}

function move(list, event, popover) {
  const all = rows(list);
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    all[(to + all.length) % all.length]?.focus();
  } else if (event.key === "Tab") {
    event.preventDefault();
    popover.close(true);
  } else if (event.key.length === 1 && /\S/.test(event.key)) {
    const rest = [...all.slice(at + 1), ...all.slice(0, at + 1)];
    rest.find((one) => one.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  }
}
