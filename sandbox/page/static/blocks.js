// Block Kit as DOM nodes. https://docs.slack.dev/reference/block-kit/blocks

import { h, uid } from "./dom.js";
import { drawElement, picture, plain, showProblem, unknown } from "./elements.js";
import { markdown } from "./markdown.js";
import { mrkdwn } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

/** @typedef {import("./elements.js").Context} Context */

/**
 * Draw blocks in order.
 * @param {any[]} blocks
 * @param {Context} context
 * @returns {HTMLElement}
 */
export function drawBlocks(blocks, context) {
  return h(
    "div",
    { class: "blocks" },
    (blocks ?? []).map((block) => drawBlock(block, context)),
  );
}

/**
 * @param {any} block
 * @param {Context} context
 * @returns {Node}
 */
function drawBlock(block, context) {
  const made = BLOCKS[block?.type];
  return made ? made(block, context) : h("div", { class: "b-block" }, unknown("block", block?.type));
}

/**
 * Draw a text object; line breaks of plain text stay.
 * @param {any} text
 * @param {import("./mrkdwn.js").Reader} reader
 * @returns {Node[]}
 */
export function drawText(text, reader) {
  if (!text) return [];
  if (text.type === "mrkdwn") return mrkdwn(text.text, reader, { verbatim: text.verbatim === true });
  return [h("span", { class: "b-plain" }, plain(text))];
}

const BLOCKS = {
  header: (block) => h("h3", { class: "b-block b-header", dir: "auto" }, plain(block.text)),
  section,
  divider: () => h("hr", { class: "b-divider" }),
  context: (block, context) =>
    h(
      "div",
      { class: "b-block b-context" },
      (block.elements ?? []).map((element) =>
        element.type === "image"
          ? picture(element, context, "b-icon")
          : h("span", { class: "b-context-words", dir: "auto" }, drawText(element, context.reader)),
      ),
    ),
  actions: (block, context) =>
    h(
      "div",
      { class: "b-block b-actions" },
      (block.elements ?? []).map((element) =>
        h("span", { class: "b-action" }, drawElement(element, block, context)),
      ),
    ),
  context_actions: (block, context) => BLOCKS.actions(block, context),
  input,
  image,
  markdown: (block) => h("div", { class: "b-block b-markdown", dir: "auto" }, markdown(block.text)),
  rich_text: (block, context) =>
    h("div", { class: "b-block b-rich", dir: "auto" }, richText(block, context.reader)),
  table,
  alert: (block, context) =>
    h(
      "div",
      { class: `b-block b-alert ${block.level ?? "default"}`, role: "note", dir: "auto" },
      h("span", { class: "b-alert-mark", "aria-hidden": "true" }, ALERTS[block.level] ?? "•"),
      h("span", {}, drawText(block.text, context.reader)),
    ),
  card,
  carousel: (block, context) =>
    h(
      "div",
      { class: "b-block b-carousel" },
      (block.elements ?? []).map((one) => card(one, context)),
    ),
  container: (block, context) =>
    h(
      "details",
      { class: "b-block b-container", open: !block.default_collapsed },
      h("summary", {}, plain(block.title) || "Details"),
      drawBlocks(block.child_blocks, context),
    ),
  plan: (block) =>
    h("div", { class: "b-block b-plan" }, h("strong", {}, block.title), (block.tasks ?? []).map(task)),
  task_card: (block) => h("div", { class: "b-block" }, task(block)),
};

const ALERTS = { info: "ℹ", success: "✓", warning: "△", error: "■" };
const TASKS = { pending: "○", in_progress: "◐", complete: "●", error: "■" };

function section(block, context) {
  const words = h(
    "div",
    { class: "b-section-words" },
    block.text && h("div", { class: "b-text", dir: "auto" }, drawText(block.text, context.reader)),
    block.fields &&
      h(
        "div",
        { class: "b-fields" },
        block.fields.map((field) =>
          h("div", { class: "b-field", dir: "auto" }, drawText(field, context.reader)),
        ),
      ),
  );
  return h(
    "div",
    { class: "b-block b-section" },
    words,
    block.accessory && h("div", { class: "b-accessory" }, drawElement(block.accessory, block, context)),
  );
}

/** A label, its field, its hint, and under them what is wrong with it. */
function input(block, context) {
  const label = uid("label"),
    hint = uid("hint"),
    problem = uid("problem");
  const wrong = context.errors[block.block_id] ?? "";
  const control = /** @type {HTMLElement} */ (drawElement(block.element, block, context, label));
  const target = control.matches?.("input,textarea")
    ? control
    : (control.querySelector?.("button,input") ?? control);
  target.setAttribute?.("aria-describedby", `${hint} ${problem}`);
  if (wrong) target.setAttribute?.("aria-invalid", "true");
  if (!block.optional) target.setAttribute?.("aria-required", "true");
  const message = h("div", { class: "b-problem", id: problem, role: "alert", hidden: true });
  showProblem(message, wrong);
  const title = h(
    "label",
    { class: "b-label", id: label, dir: "auto" },
    plain(block.label),
    block.optional && h("span", { class: "b-optional" }, " (optional)"),
  );
  title.addEventListener("click", () => /** @type {HTMLElement} */ (target).focus?.());
  return h(
    "div",
    { class: `b-block b-input ${wrong ? "wrong" : ""}`, dataset: { block: block.block_id } },
    title,
    control,
    message,
    block.hint && h("div", { class: "b-hint", id: hint, dir: "auto" }, plain(block.hint)),
  );
}

function image(block, context) {
  return h(
    "figure",
    { class: "b-block b-image" },
    block.title && h("figcaption", { dir: "auto" }, plain(block.title)),
    picture(block, context, "b-picture"),
  );
}

function table(block, context) {
  const aligned = (at) => `b-cell ${block.column_settings?.[at]?.align ?? "left"}`;
  const cell = (one, at, tag) =>
    h(
      tag,
      { class: aligned(at), dir: "auto", scope: tag === "th" ? "col" : null },
      one.type === "rich_text" ? richText(one, context.reader) : String(one.text ?? one.value ?? ""),
    );
  const [head = [], ...rows] = block.rows ?? [];
  const made = h(
    "table",
    { class: "b-table" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        head.map((one, at) => cell(one, at, "th")),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map((row) =>
        h(
          "tr",
          {},
          row.map((one, at) => cell(one, at, "td")),
        ),
      ),
    ),
  );
  return h(
    "div",
    { class: "b-block b-table-frame", tabindex: "0", role: "region", "aria-label": "Table" },
    made,
  );
}

function card(block, context) {
  return h(
    "article",
    { class: "b-block b-card" },
    block.hero_image && picture(block.hero_image, context, "b-picture"),
    h(
      "div",
      { class: "b-card-body" },
      block.icon && picture(block.icon, context, "b-icon"),
      block.title && h("strong", { dir: "auto" }, drawText(block.title, context.reader)),
      block.subtitle && h("div", { class: "b-hint", dir: "auto" }, drawText(block.subtitle, context.reader)),
      block.body && h("div", { dir: "auto" }, drawText(block.body, context.reader)),
      block.actions && BLOCKS.actions({ ...block, elements: block.actions }, context),
    ),
  );
}

function task(one) {
  return h(
    "div",
    { class: `b-task ${one.status ?? ""}` },
    h(
      "span",
      { "aria-label": (one.status ?? "pending").replace("_", " "), role: "img" },
      TASKS[one.status] ?? "○",
    ),
    ` ${one.title}`,
  );
}
