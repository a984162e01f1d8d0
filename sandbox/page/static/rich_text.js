// The `rich_text` block. https://docs.slack.dev/reference/block-kit/blocks/rich-text-block

import { h } from "./dom.js";
import { slackDate } from "./dates.js";
import { emoji } from "./emoji.js";
import { mention, pill, wrapLink } from "./mrkdwn.js";

/** @typedef {import("./mrkdwn.js").Reader} Reader */

/**
 * @param {any} block
 * @param {Reader} reader
 * @returns {Node[]}
 */
export function richText(block, reader) {
  return (block.elements ?? []).map((part) => {
    const made = PARTS[part.type];
    return made ? made(part, reader) : unknown(part);
  });
}

const PARTS = {
  rich_text_section: (part, reader) => h("div", { class: "rt-section" }, runs(part, reader)),
  rich_text_quote: (part, reader) => h("blockquote", { class: "m-quote" }, runs(part, reader)),
  rich_text_preformatted: (part, reader) => h("pre", { class: "m-pre" }, h("code", {}, runs(part, reader))),
  rich_text_list: (part, reader) => {
    const items = (part.elements ?? []).map((item) => h("li", {}, runs(item, reader)));
    const attrs = {
      class: "m-list",
      vars: { indent: Number(part.indent) || 0 },
      start: part.offset ? part.offset + 1 : null,
    };
    return h(part.style === "ordered" ? "ol" : "ul", attrs, items);
  },
};

function runs(part, reader) {
  return (part.elements ?? []).map((run) => styled(run, (RUNS[run.type] ?? unknown)(run, reader)));
}

const RUNS = {
  text: (run) => lines(run.text),
  emoji: (run) => document.createTextNode(fromCode(run) ?? emoji(run.name) ?? `:${run.name}:`),
  link: (run) => wrapLink(String(run.url ?? ""), document.createTextNode(run.text || run.url || "")),
  user: (run, reader) => mention(run.user_id, "", reader),
  usergroup: (run, reader) => pill(`@${reader.group(run.usergroup_id) ?? run.usergroup_id}`, "m-mention"),
  channel: (run, reader) => pill(`#${reader.channel(run.channel_id) ?? run.channel_id}`, "m-channel"),
  broadcast: (run) => pill(`@${run.range}`, "m-mention m-me"),
  date: (run, reader) =>
    document.createTextNode(slackDate(run.timestamp, run.format ?? "{date}", reader.zone)),
  color: (run) => h("span", { class: "m-code" }, run.value),
};

function fromCode(run) {
  if (!/^[0-9a-f]+(-[0-9a-f]+)*$/i.test(run.unicode ?? "")) return undefined;
  const points = run.unicode.split("-").map((code) => parseInt(code, 16));
  return points.every((point) => point <= 0x10ffff) ? String.fromCodePoint(...points) : undefined;
}

function lines(text) {
  const holder = document.createDocumentFragment();
  String(text ?? "")
    .split("\n")
    .forEach((row, at) => {
      if (at) holder.append(h("br"));
      holder.append(row);
    });
  return holder;
}

function styled(run, node) {
  const style = run.style ?? {};
  let made = node;
  if (style.code) made = h("code", { class: "m-code" }, made);
  if (style.strike) made = h("s", {}, made);
  if (style.italic) made = h("em", {}, made);
  if (style.bold) made = h("strong", {}, made);
  return made;
}

function unknown(part) {
  return h("span", { class: "b-unknown" }, `This page does not draw “${part.type}” yet`);
}
