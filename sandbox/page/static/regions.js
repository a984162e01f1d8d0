// F6 and Shift+F6 go from part to part, as in Slack: bar, guide, each column's head, channels, messages, field, pane.

import { focusable } from "./dom.js";

const PARTS = [
  ".bar",
  ".guide",
  ".seat-head",
  ".sidebar",
  ".conv .msg-list",
  ".conv .home",
  ".conv .composer",
  ".thread",
  ".pane",
].join(",");

/** @param {KeyboardEvent} event */
export function goToNextPart(event) {
  if (event.key !== "F6" || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const active = document.activeElement;
  if (active?.closest("[role=dialog],[role=alertdialog],.popover")) return;
  const parts = [...document.querySelectorAll(PARTS)].filter((part) => part.checkVisibility() && door(part));
  const at = parts.findLastIndex((part) => part.contains(active));
  const to = event.shiftKey ? (at < 0 ? parts.length - 1 : at - 1) : at + 1;
  const next = parts[(to + parts.length) % parts.length];
  if (next) door(next)?.focus();
}

/**
 * Where a part is entered: at its message in turn, at the current channel, else at its first control.
 * @param {Element} part
 * @returns {HTMLElement|undefined}
 */
function door(part) {
  const all = focusable(part);
  return (
    all.find((one) => one.matches(".msg[tabindex='0'], .side-row.current, .composer-field")) ??
    all.find((one) => one.matches("[role=tab]")) ??
    all[0]
  );
}
