// Drawing anew without taking anything out of somebody's hands: the focus, the caret and an open menu stay where they were.

import { anchorOfPopover, closePopover, reanchor } from "./popover.js";

const CONTROLS = "a[href],button,input,select,textarea,summary,[data-action],[tabindex]";

/** @typedef {{name: string, turn: number, caret: [number, number]|null}} Spot where a control stands in what is drawn anew */

/** What tells a control from the others beside it. @param {Element} control */
function nameOf(control) {
  const action = control.closest("[data-action]")?.getAttribute("data-action");
  const said = action || control.getAttribute("aria-label");
  return said || `${control.tagName} ${control.textContent}`;
}

/** @returns {HTMLElement[]} */
function named(root, name) {
  return [...root.querySelectorAll(CONTROLS)].filter((one) => nameOf(one) === name);
}

/** @param {Element} root @param {any} control @returns {Spot|null} */
function spotOf(root, control) {
  if (!control || control === root || !root.contains(control)) return null;
  const name = nameOf(control);
  const isText = /^(text|search|textarea|url)$/.test(control.type ?? "");
  const caret = /** @type {Spot["caret"]} */ (
    isText ? [control.selectionStart ?? 0, control.selectionEnd ?? 0] : null
  );
  return { name, turn: named(root, name).indexOf(control), caret };
}

/** The control of the same name and turn; the last of the name when there are fewer now. */
function controlAt(root, spot) {
  const all = spot ? named(root, spot.name) : [];
  return /** @type {any} */ (all[spot?.turn ?? 0] ?? all[all.length - 1] ?? null);
}

/**
 * Where the focus is now, to give it back later; what was drawn anew since counts as the same.
 * @param {Element} root
 * @returns {() => HTMLElement|null}
 */
export function rememberedFocus(root) {
  const active = /** @type {HTMLElement|null} */ (document.activeElement);
  const spot = spotOf(root, active);
  return () => (active?.isConnected ? active : controlAt(root, spot));
}

/**
 * @param {HTMLElement} before what is drawn anew
 * @param {() => HTMLElement} draw returns what stands there now
 */
function carryOver(before, draw) {
  const { activeElement } = document;
  const wasInside = before.contains(activeElement),
    focused = spotOf(before, activeElement);
  const anchor = anchorOfPopover(),
    anchored = spotOf(before, anchor);
  const now = draw();
  if (anchored && !anchor?.isConnected) reanchor(controlAt(now, anchored));
  if (!wasInside || document.activeElement === activeElement) return;
  const same = now.contains(activeElement) ? activeElement : controlAt(now, focused);
  const target = /** @type {any} */ (same ?? (now.hasAttribute("tabindex") ? now : null));
  target?.focus({ preventScroll: true });
  if (focused?.caret && target?.setSelectionRange) target.setSelectionRange(...focused.caret);
}

/**
 * Draw what is inside a node anew.
 * @param {HTMLElement} root
 * @param {() => void} draw
 */
export function keepingFocus(root, draw) {
  carryOver(root, () => {
    draw();
    return root;
  });
}

/**
 * Put one node in another's place.
 * @param {HTMLElement} old
 * @param {HTMLElement} made
 */
export function replaceNode(old, made) {
  const turn = old.getAttribute("tabindex");
  if (turn !== null) made.setAttribute("tabindex", turn);
  // What is drawn only when it comes near (content-visibility) begins as high as it was, or all below would jump up.
  made.style.containIntrinsicSize = `auto ${old.offsetHeight}px`;
  carryOver(old, () => {
    old.replaceWith(made);
    return made;
  });
}

/**
 * Let a parent hold exactly these nodes in this order; what stands right is not touched.
 * @param {Element} parent
 * @param {Node[]} nodes
 */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const one of [...parent.childNodes]) if (!wanted.has(one)) one.remove();
  if (anchorOfPopover()?.isConnected === false) closePopover();
  let place = parent.firstChild;
  for (const node of nodes) {
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
}
