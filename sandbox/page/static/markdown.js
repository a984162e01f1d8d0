// The `markdown` block: the common part of Markdown, as DOM nodes.
// https://docs.slack.dev/reference/block-kit/blocks/markdown-block

import { h } from "./dom.js";
import { link } from "./mrkdwn.js";
import { withEmoji } from "./emoji.js";

const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;

/**
 * @param {string} source
 * @returns {Node[]}
 */
export function markdown(source) {
  const rows = String(source ?? "").split("\n");
  const nodes = [];
  let at = 0;
  while (at < rows.length) {
    const [made, next] = piece(rows, at);
    if (made) nodes.push(made);
    at = next;
  }
  return nodes;
}

/** @returns {[Node|null, number]} what starts at a row, and where the next piece starts */
function piece(rows, at) {
  const row = rows[at];
  if (!row.trim()) return [null, at + 1];
  if (row.startsWith("```")) return fence(rows, at);
  const heading = /^(#{1,6})\s+(.*)$/.exec(row);
  if (heading)
    return [
      h(`h${Math.min(6, heading[1].length + 2)}`, { class: "md-heading" }, ...spans(heading[2])),
      at + 1,
    ];
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(row)) return [h("hr", { class: "b-divider" }), at + 1];
  if (row.startsWith(">")) {
    const end = until(rows, at, (line) => !line.startsWith(">"));
    const inner = rows.slice(at, end).map((line) => line.replace(/^> ?/, ""));
    return [h("blockquote", { class: "m-quote" }, ...markdown(inner.join("\n"))), end];
  }
  if (ITEM.test(row)) return list(rows, at);
  if (row.includes("|") && /^\s*\|?[\s:|-]+\|[\s:|-]*$/.test(rows[at + 1] ?? "")) return table(rows, at);
  const end = until(
    rows,
    at + 1,
    (line) => !line.trim() || /^(```|#{1,6}\s|>)/.test(line) || ITEM.test(line),
  );
  const body = rows.slice(at, end).flatMap((line, n) => [...(n ? [h("br")] : []), ...spans(line)]);
  return [h("p", { class: "md-paragraph" }, ...body), end];
}

function until(rows, from, stops) {
  let at = from;
  while (at < rows.length && !stops(rows[at])) at += 1;
  return at;
}

/** @returns {[Node, number]} */
function fence(rows, at) {
  const end = until(rows, at + 1, (line) => line.startsWith("```"));
  return [h("pre", { class: "m-pre" }, h("code", {}, rows.slice(at + 1, end).join("\n"))), end + 1];
}

/** @returns {[Node, number]} */
function list(rows, at) {
  const first = /** @type {RegExpExecArray} */ (ITEM.exec(rows[at]));
  const depth = first[1].length,
    ordered = /\d/.test(first[2]);
  const items = [];
  let next = at;
  while (next < rows.length) {
    const found = ITEM.exec(rows[next]);
    if (!found || found[1].length < depth) break;
    if (found[1].length <= depth + 1 && /\d/.test(found[2]) !== ordered) break;
    if (found[1].length > depth + 1 && items.length) {
      const [inner, after] = list(rows, next);
      items[items.length - 1].append(inner);
      next = after;
    } else {
      items.push(h("li", {}, ...spans(found[3])));
      next += 1;
    }
  }
  return [
    h(ordered ? "ol" : "ul", { class: "m-list", start: ordered ? parseInt(first[2], 10) : null }, items),
    next,
  ];
}

/** @returns {[Node, number]} */
function table(rows, at) {
  const end = until(rows, at + 2, (line) => !line.includes("|"));
  const cells = (line) =>
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => cell.trim());
  const head = h(
    "tr",
    {},
    cells(rows[at]).map((cell) => h("th", { scope: "col" }, ...spans(cell))),
  );
  const body = rows.slice(at + 2, end).map((line) =>
    h(
      "tr",
      {},
      cells(line).map((cell) => h("td", {}, ...spans(cell))),
    ),
  );
  const made = h("table", { class: "b-table" }, h("thead", {}, head), h("tbody", {}, body));
  return [
    h("div", { class: "b-table-frame", tabindex: "0", role: "region", "aria-label": "Table" }, made),
    end,
  ];
}

const SPAN =
  /(`+)(.+?)\1|!?\[([^\]]*)\]\(([^)\s]+)\)|(\*\*|__)(?=\S)(.+?\S?)\5|(\*|_)(?=\S)([^*_]*?\S)\7(?![\p{L}\p{N}])|~~(.+?)~~|(https?:\/\/[^\s<>)]+)/u;

function spans(text) {
  const found = SPAN.exec(text);
  if (!found)
    return text
      ? [document.createTextNode(withEmoji(text.replace(/\\([\\`*_{}[\]()#+.!|~>-])/g, "$1")))]
      : [];
  const before = spans(text.slice(0, found.index));
  return [...before, span(found), ...spans(text.slice(found.index + found[0].length))];
}

function span(found) {
  const [, , code, label, address, , strong, , emphasis, struck, bare] = found;
  if (code !== undefined) return h("code", { class: "m-code" }, code.trim());
  if (address !== undefined) return link(address, label || address);
  if (strong !== undefined) return h("strong", {}, ...spans(strong));
  if (emphasis !== undefined) return h("em", {}, ...spans(emphasis));
  if (struck !== undefined) return h("s", {}, ...spans(struck));
  return link(bare, bare);
}
