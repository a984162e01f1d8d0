// Building DOM nodes: text always goes in as text, never as markup.

/** @typedef {Node|string|number|null|undefined|false|Child[]} Child */

/**
 * Make an element. `on…` are listeners, `props` properties, `vars` CSS variables (a style attribute would
 * offend the page's Content-Security-Policy), all else attributes.
 * @param {string} tag
 * @param {Record<string, any>} [attrs]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, attrs = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "vars")
      for (const [key, to] of Object.entries(value)) node.style.setProperty(`--${key}`, String(to));
    else if (name === "props") Object.assign(node, value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

/**
 * Append children; null, undefined and false are left out.
 * @param {Node} node
 * @param {Child[]} children
 */
export function add(node, children) {
  for (const child of /** @type {any[]} */ (/** @type {any} */ (children).flat(Infinity))) {
    if (child === null || child === undefined || child === false) continue;
    node.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * Replace everything inside a node.
 * @param {Node} node
 * @param {...Child} children
 */
export function fill(node, ...children) {
  node.textContent = "";
  add(node, children);
}

const SVG = "http://www.w3.org/2000/svg";

/** Outlines on a 20 x 20 grid, drawn with the text's colour. */
const ICONS = {
  hash: "M7.5 3 6 17M14 3l-1.5 14M3.5 7.5h14M2.5 12.5h14",
  lock: "M5 9h10v8H5zM7 9V6a3 3 0 0 1 6 0v3",
  shared: "M6.5 9.5a3 3 0 1 0 0-.1M13.5 14.5a3 3 0 1 0 0-.1M9 11l2.5 2M13.5 6.5a2 2 0 1 0 0-.1",
  home: "M3 9.5 10 3l7 6.5V17h-5v-4.5H8V17H3z",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  close: "M5 5l10 10M15 5 5 15",
  send: "M3 4l14 6-14 6 2.5-6zM5.5 10H17",
  bolt: "M11 2 4 11.5h5L8 18l8-10h-5.5z",
  reply: "M3 5h14v9H9l-4 3v-3H3z",
  code: "M7 5 2.5 10 7 15M13 5l4.5 5-4.5 5",
  chevron: "M5 8l5 5 5-5",
  back: "M12 4 6 10l6 6",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M10 1.5v2M10 16.500v2M1.5 10h2M16.5 10h2M4 4l1.400 1.400M14.600 14.600 16 16M16 4l-1.400 1.400M5.400 14.600 4 16",
  moon: "M16.500 12.500A7 7 0 0 1 7.500 3.500a7 7 0 1 0 9 9z",
  eye: "M2 10s3-5.500 8-5.500S18 10 18 10s-3 5.500-8 5.500S2 10 2 10zM10 7.800a2.200 2.200 0 1 0 0 4.400 2.200 2.200 0 0 0 0-4.400",
  check: "M4 10.500 8 14.500 16 5.500",
  columns: "M3 4h14v12H3zM10 4v12",
  file: "M5 2.500h7l3 3V17.500H5zM12 2.500v3h3",
  warn: "M10 3 18 17H2zM10 8v4M10 14.500v.01",
  compass: "M10 2a8 8 0 1 0 0 16 8 8 0 0 0 0-16M13 7l-2 4-4 2 2-4z",
  cloud: "M6 15.500a3.500 3.500 0 0 1 0-7 4.500 4.500 0 0 1 8.500 0.500A3.300 3.300 0 0 1 14.500 15.500z",
};

/**
 * @param {keyof typeof ICONS} name
 * @param {number} [size] in CSS pixels
 * @returns {SVGElement} decoration only: hidden from screen readers
 */
export function icon(name, size = 18) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 20 20",
    width: size,
    height: size,
    fill: "none",
    stroke: "currentColor",
    "stroke-width": name === "more" ? 2.6 : 1.6,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
    class: "icon",
  }))
    svg.setAttribute(key, String(value));
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.appendChild(path);
  return svg;
}

/**
 * A button that shows only an icon; the label is its accessible name and its tooltip.
 * @param {keyof typeof ICONS} name
 * @param {string} label
 * @param {(event: MouseEvent) => void} onclick
 * @param {Record<string, any>} [attrs]
 */
export function iconButton(name, label, onclick, attrs = {}) {
  const { class: more = "", ...rest } = attrs;
  const given = { type: "button", class: `icon-button ${more}`, "aria-label": label, title: label, onclick };
  return h("button", { ...given, ...rest }, icon(name));
}

const FOCUSABLE =
  'a[href],button:not([disabled]),input:not([disabled]),select:not([disabled]),textarea:not([disabled]),[tabindex="0"]';

/**
 * Everything inside that the Tab key reaches, in order.
 * @param {Element} node
 * @returns {HTMLElement[]}
 */
export function focusable(node) {
  const found = /** @type {HTMLElement[]} */ ([...node.querySelectorAll(FOCUSABLE)]);
  return found.filter((one) => one.offsetParent !== null || one === document.activeElement);
}

/**
 * Keep Tab inside a node. Call from its keydown listener.
 * @param {Element} node
 * @param {KeyboardEvent} event
 */
export function trapTab(node, event) {
  if (event.key !== "Tab") return;
  const all = focusable(node);
  if (!all.length) return event.preventDefault();
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const leaving = event.shiftKey ? at <= 0 : at === all.length - 1;
  if (leaving || at < 0) {
    event.preventDefault();
    all[event.shiftKey ? all.length - 1 : 0].focus();
  }
}

/**
 * The control with that `data-action`; the last one when several have it.
 * @param {Element} root
 * @param {string} action
 * @returns {HTMLElement|null}
 */
export function byAction(root, action) {
  const all = [...root.querySelectorAll("[data-action]")];
  return /** @type {HTMLElement|null} */ (
    all.findLast((one) => one.getAttribute("data-action") === action) ?? null
  );
}

let running = 0;

/**
 * A document-wide unique id, for labels.
 * @param {string} prefix
 */
export function uid(prefix) {
  running += 1;
  return `${prefix}-${running}`;
}

/**
 * The first letters of a name, for an avatar.
 * @param {string} name
 */
function initials(name) {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter(Boolean);
  return (
    words
      .slice(0, 2)
      .map((word) => [...word][0]?.toUpperCase() ?? "")
      .join("") || "?"
  );
}

/**
 * A person's picture: initials on a colour that stays theirs.
 * @param {string} id
 * @param {string} name
 * @param {string} [kind] "bot" has a mark instead of letters
 */
export function avatar(id, name, kind = "") {
  let hash = 7;
  for (const letter of id) hash = (hash * 31 + Number(letter.codePointAt(0))) % 360;
  if (kind === "bot") return h("span", { class: "avatar avatar-bot", "aria-hidden": "true" }, "P");
  return h("span", { class: "avatar", "aria-hidden": "true", vars: { hue: hash } }, initials(name));
}
