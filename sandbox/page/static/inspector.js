// Looking under the surface: the JSON of a message, a view, a delivery; copyable.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { showDialog } from "./dialogs.js";

/**
 * Show JSON in a dialog.
 * @param {HTMLElement} host
 * @param {string} title
 * @param {any} value
 */
export function showJson(host, title, value) {
  const text = JSON.stringify(value, null, 2);
  const copy = h(
    "button",
    {
      type: "button",
      class: "b-button",
      onclick: async () => {
        const copied = await copyText(text);
        fill(copy, copied ? "Copied" : "Select and copy");
      },
    },
    "Copy",
  );
  return showDialog(host, title, [h("pre", { class: "json" }, h("code", {}, coloured(text)))], {
    kind: "dialog-wide",
    extra: [copy],
  });
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi;
const MOST_COLOURED = 60_000;

/** JSON as text nodes and coloured spans. */
function coloured(text) {
  if (text.length > MOST_COLOURED) return [text];
  const made = [];
  let from = 0;
  for (const found of text.matchAll(TOKEN)) {
    made.push(text.slice(from, found.index));
    const kind = found[1] ? (found[2] ? "json-key" : "json-text") : found[3] ? "json-word" : "json-number";
    made.push(h("span", { class: kind }, found[1] ?? found[0]), found[2] ?? "");
    from = found.index + found[0].length;
  }
  return [...made, text.slice(from)];
}

/** @param {import("./state.js").Message} message */
export function inspectMessage(message) {
  showJson(document.body, `Message ${message.ts}`, message);
}

/**
 * @param {any} view
 */
export function inspectView(view) {
  showJson(document.body, `${view.type === "home" ? "Home tab" : "Modal"} ${view.id}`, view);
}

/**
 * @param {any} row a `delivery` or `web_api` event
 */
export async function inspectTraffic(row) {
  const found = await get(`/api/inspect/${row.kind}/${row.n}`);
  const title = row.kind === "delivery" ? `Slack to the bot: ${row.what}` : `The bot to Slack: ${row.method}`;
  showJson(document.body, title, found);
}
