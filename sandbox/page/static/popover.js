// A small layer beside the control that opened it: closes on Esc, on a click elsewhere, when its dialog is drawn anew.

import { h } from "./dom.js";

/** @type {{layer: HTMLElement, anchor: HTMLElement, moveTo: (anchor: HTMLElement) => void, close: (refocus?: boolean) => void}|null} */
let current = null;

/** The control the open layer stands beside, if one is open. @returns {HTMLElement|null} */
export function anchorOfPopover() {
  return current?.anchor ?? null;
}

/** The control was drawn anew: stand beside its successor, or close when it has none. @param {HTMLElement|null} anchor */
export function reanchor(anchor) {
  if (anchor) current?.moveTo(anchor);
  else closePopover();
}

/** Close whatever layer is open. */
export function closePopover() {
  current?.close(false);
}

/** Close the layer that is open inside a node which is about to be drawn anew. @param {HTMLElement} node */
export function closePopoverIn(node) {
  if (current && node.contains(current.layer)) current.close(true);
}

/**
 * Show `content` beside `anchor`.
 * @param {HTMLElement} anchor
 * @param {HTMLElement} content
 * @param {{width?: "anchor"|"free", side?: "below"|"above"}} [how]
 * @returns {{close: (refocus?: boolean) => void, place: () => void}}
 */
export function openPopover(anchor, content, how = {}) {
  closePopover();
  const layer = h("div", { class: "popover" }, content);
  const host = anchor.closest("[role=dialog],[role=alertdialog]") ?? document.body;
  host.append(layer);
  // The browser's top layer: no column or dialog clips it, and it stays the dialog's child for screen readers.
  layer.popover = "manual";
  layer.showPopover();
  const place = () => put(layer, popover.anchor, how);
  const outside = (event) => {
    if (!layer.contains(event.target) && !popover.anchor.contains(event.target)) popover.close(false);
  };
  const escape = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    popover.close(true);
  };
  const popover = {
    layer,
    anchor,
    place,
    moveTo(next) {
      popover.anchor = next;
      next.setAttribute("aria-expanded", "true");
      place();
    },
    close(refocus = true) {
      if (current !== popover) return;
      current = null;
      layer.remove();
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("keydown", escape, true);
      window.removeEventListener("resize", place);
      popover.anchor.setAttribute("aria-expanded", "false");
      if (refocus) popover.anchor.focus();
    },
  };
  current = popover;
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", escape, true);
  window.addEventListener("resize", place);
  anchor.setAttribute("aria-expanded", "true");
  place();
  return popover;
}

const MOST_HIGH = 420;

/** Inside the window whatever happens: below when there is room, else above. */
function put(layer, anchor, how) {
  const box = anchor.getBoundingClientRect();
  const edge = 8;
  if (how.width === "anchor") {
    layer.style.width = `${Math.max(220, box.width)}px`;
    layer.style.maxWidth = `${Math.max(420, box.width)}px`;
  }
  const below = window.innerHeight - box.bottom - edge,
    above = box.top - edge;
  layer.style.maxHeight = `${MOST_HIGH}px`;
  const goesUp = how.side === "above" || (below < layer.offsetHeight + 6 && above > below);
  layer.style.maxHeight = `${Math.max(120, Math.min(MOST_HIGH, (goesUp ? above : below) - 6))}px`;
  const { width, height } = layer.getBoundingClientRect();
  layer.style.left = `${Math.max(edge, Math.min(box.left, window.innerWidth - width - edge))}px`;
  layer.style.top = goesUp
    ? `${Math.max(edge, box.top - Math.min(height, above) - 4)}px`
    : `${box.bottom + 4}px`;
}
