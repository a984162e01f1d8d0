// Slack's mrkdwn as DOM nodes. https://docs.slack.dev/messaging/formatting-message-text
// What somebody wrote reaches the page as text nodes only.

import { h } from "./dom.js";
import { fullTime, slackDate } from "./dates.js";
import { withEmoji } from "./emoji.js";

/**
 * @typedef {object} Reader  Who reads: how ids are called and which zone times are shown in.
 * @property {(id: string) => string|undefined} person
 * @property {(id: string) => string|undefined} channel
 * @property {(id: string) => string|undefined} group
 * @property {string} [me]
 * @property {string} [zone]
 */

// Pieces that are ready stand in the text as one private-use letter pair around their number.
const OPEN = "\uE000",
  SHUT = "\uE001";
const HELD = new RegExp(`${OPEN}(\\d+)${SHUT}`);
// A marker counts only at a word's edge, so per_user_mfa keeps its underscores.
const EDGE = "\\p{L}\\p{N}";
const MARKED = new RegExp(`(?<![${EDGE}*_~])([*_~])(?=\\S)([^\\n]*?\\S)\\1(?![${EDGE}*_~])`, "u");
const BARE = /\bhttps?:\/\/[^\s<>"'|\uE000\uE001]+[^\s<>"'|.,;:!?)\]\uE000\uE001]/;
const TAGS = { "*": "strong", _: "em", "~": "s" };

/** @param {string} text */
function unescape(text) {
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

/**
 * Render mrkdwn.
 * @param {string} source
 * @param {Reader} reader
 * @param {{verbatim?: boolean}} [how] verbatim: no bare address becomes a link
 * @returns {Node[]}
 */
export function mrkdwn(source, reader, how = {}) {
  const text = String(source ?? "").replace(/[\uE000\uE001]/g, "\uFFFD");
  const nodes = [];
  const parts = text.split(/```(?:\n)?([\s\S]+?)\n?```/g);
  parts.forEach((part, at) => {
    if (at % 2) nodes.push(h("pre", { class: "m-pre" }, h("code", {}, ...preformatted(part, reader))));
    else nodes.push(...quoted(trimmed(part, at, parts.length), reader, how));
  });
  return nodes;
}

/** A line break beside a code block is the block's own edge. */
function trimmed(part, at, count) {
  let text = part;
  if (at > 0) text = text.replace(/^\n/, "");
  if (at < count - 1) text = text.replace(/\n$/, "");
  return text;
}

/** In a code block only references are alive: their words stay, their markup goes. */
function preformatted(part, reader) {
  return part
    .split(/(<[^<>\n]+>)/g)
    .map((piece, at) =>
      at % 2 ? reference(piece.slice(1, -1), reader) : document.createTextNode(unescape(piece)),
    );
}

function quoted(text, reader, how) {
  const nodes = [];
  let plain = [],
    quote = [];
  const flush = () => {
    if (plain.length) nodes.push(...lines(plain, reader, how));
    if (quote.length) nodes.push(h("blockquote", { class: "m-quote" }, ...lines(quote, reader, how)));
    plain = [];
    quote = [];
  };
  if (!text) return nodes;
  for (const line of text.split("\n")) {
    const found = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (Boolean(found) !== quote.length > 0 && (plain.length || quote.length)) flush();
    (found ? quote : plain).push(found ? found[1] : line);
  }
  flush();
  return nodes;
}

function lines(rows, reader, how) {
  return rows.flatMap((row, at) => [...(at ? [h("br")] : []), ...inline(row, reader, how)]);
}

/** One line: code, references and bare links first, because markers inside them mean nothing. */
function inline(row, reader, how) {
  /** @type {Node[]} */
  const held = [];
  const hold = (node) => `${OPEN}${held.push(node) - 1}${SHUT}`;
  let text = row.replace(/`([^`]+)`/g, (_, code) =>
    hold(h("code", { class: "m-code" }, ...preformatted(code, reader))),
  );
  text = text.replace(/<([^<>]+)>/g, (_, inside) => hold(reference(inside, reader)));
  if (!how.verbatim) {
    for (let found = BARE.exec(text); found; found = BARE.exec(text)) {
      const made = hold(link(unescape(found[0]), unescape(found[0])));
      text = text.slice(0, found.index) + made + text.slice(found.index + found[0].length);
    }
  }
  return marked(text, held, 0);
}

function marked(text, held, depth) {
  const nodes = [];
  let rest = text;
  for (let found = depth < 6 && MARKED.exec(rest); found; found = MARKED.exec(rest)) {
    nodes.push(...released(rest.slice(0, found.index), held));
    nodes.push(h(TAGS[found[1]], {}, ...marked(found[2], held, depth + 1)));
    rest = rest.slice(found.index + found[0].length);
  }
  return [...nodes, ...released(rest, held)];
}

function released(text, held) {
  return text.split(HELD).flatMap((piece, at) => {
    if (at % 2) return [held[Number(piece)]];
    return piece ? [document.createTextNode(withEmoji(unescape(piece)))] : [];
  });
}

/**
 * What stands between angle brackets: a link, a mention, a channel, a date.
 * @param {string} inside
 * @param {Reader} reader
 * @returns {Node}
 */
export function reference(inside, reader) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inside.slice(bar + 1));
  if (target.startsWith("@")) return mention(target.slice(1), label, reader);
  if (target.startsWith("#"))
    return pill(`#${reader.channel(target.slice(1)) ?? (label || target.slice(1))}`, "m-channel");
  if (target.startsWith("!subteam^")) {
    const id = target.slice("!subteam^".length);
    return pill(`@${(reader.group(id) ?? (label || id)).replace(/^@/, "")}`, "m-mention");
  }
  if (target.startsWith("!date^")) return date(target, label, reader);
  if (target.startsWith("!")) return pill(`@${target.slice(1).split("^")[0]}`, "m-mention m-me");
  return link(unescape(target), label || unescape(target).replace(/^mailto:/, ""));
}

/**
 * @param {string} id
 * @param {string} label
 * @param {Reader} reader
 */
export function mention(id, label, reader) {
  const name = reader.person(id) ?? (label || id);
  return pill(`@${name.replace(/^@/, "")}`, id === reader.me ? "m-mention m-me" : "m-mention");
}

/**
 * @param {string} words
 * @param {string} kind
 */
export function pill(words, kind) {
  return h("bdi", { class: `m-pill ${kind}` }, words);
}

function date(target, label, reader) {
  const [, seconds, template = "{date}", address] = target.split("^");
  const at = Number(seconds);
  const words = Number.isFinite(at) ? slackDate(at, template, reader.zone) : label;
  const time = h(
    "time",
    { class: "m-date", title: Number.isFinite(at) ? fullTime(at, reader.zone) : null },
    words || label,
  );
  return address ? wrapLink(unescape(address), time) : time;
}

const SAFE = /^(https?:|mailto:|slack:)/i;

/**
 * A link that opens in its own tab; what is not a web or mail address stays text.
 * @param {string} address
 * @param {string} words
 */
export function link(address, words) {
  return wrapLink(address, document.createTextNode(withEmoji(words)));
}

/**
 * @param {string} address
 * @param {Node} inner
 */
export function wrapLink(address, inner) {
  if (!SAFE.test(address)) return h("span", { class: "m-dead-link", title: "Not a web address" }, inner);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer", class: "m-link" }, inner);
}
