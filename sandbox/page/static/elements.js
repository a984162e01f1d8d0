// What is clicked in messages, modals and the home tab: buttons, overflow menus, and the frame around every input.
// https://docs.slack.dev/reference/block-kit/block-elements

import { fill, h, icon } from "./dom.js";
import { askFirst } from "./dialogs.js";
import { openMenu } from "./menu.js";
import { withEmoji } from "./emoji.js";
import { INPUTS } from "./inputs.js";

/**
 * What blocks need from where they are shown.
 * @typedef {object} Context
 * @property {import("./mrkdwn.js").Reader} reader
 * @property {"message"|"modal"|"home"} surface
 * @property {Map<string, any>} values what was typed or chosen, by `block_id/action_id`
 * @property {Record<string, string>} errors by block_id
 * @property {(element: any, block: any, value?: any) => Promise<any>} act send a click; resolves to the answer
 * @property {(element: any, block: any, query: string) => Promise<any>} options ask the app for options
 * @property {() => import("./state.js").Directory} directory people and channels to choose from
 * @property {() => HTMLElement} host where dialogs open
 * @property {(text: any) => Node[]} words draws a text object
 */

/** @param {string} block @param {string} action */
export const keyOf = (block, action) => `${block}/${action}`;

/**
 * The text of a plain_text object.
 * @param {any} text
 */
export function plain(text) {
  const words = String(text?.text ?? "");
  return text?.emoji === false ? words : withEmoji(words);
}

/**
 * Draw one element of a block.
 * @param {any} element
 * @param {any} block
 * @param {Context} context
 * @param {string} [labelledby] id of a visible label
 * @returns {Node}
 */
export function drawElement(element, block, context, labelledby) {
  const made = ELEMENTS[element?.type] ?? (INPUTS[element?.type] && input);
  return made ? made(element, block, context, labelledby) : unknown("element", element?.type);
}

/**
 * A visible sign that something is not drawn; silence would hide a fault.
 * @param {string} what
 * @param {string} kind
 */
export function unknown(what, kind) {
  return h("span", { class: "b-unknown" }, icon("warn", 15), `This page does not draw the ${what} “${kind}”`);
}

const ELEMENTS = {
  button,
  workflow_button: button,
  overflow,
  image: (element, _block, context) => picture(element, context, "b-thumb"),
  feedback_buttons: (element, block, context) =>
    h(
      "span",
      { class: "b-row" },
      ["positive_button", "negative_button"].map((side) =>
        button({ type: "button", ...element[side], action_id: element.action_id }, block, context),
      ),
    ),
  icon_button: button,
};

/** Send a click after its confirm dialog, and show on `face` that it is under way or went wrong. */
async function send(face, element, block, context, value) {
  if (face.getAttribute("aria-busy") === "true") return;
  if (element.confirm) {
    const sure = await askFirst(context.host(), element.confirm, context.words(element.confirm.text));
    if (!sure) return;
  }
  face.setAttribute("aria-busy", "true");
  face.parentElement?.querySelector(".b-failed")?.remove();
  const answer = await context.act(element, block, value);
  face.removeAttribute("aria-busy");
  if (answer?.error || answer?.ok === false) {
    const why = answer.text ?? answer.error;
    face.after(
      h(
        "span",
        {
          class: "b-failed",
          role: "img",
          "aria-label": `That did not work: ${why}`,
          title: `That did not work: ${why}`,
        },
        icon("warn", 16),
      ),
    );
  }
}

function button(element, block, context) {
  const shown = element.visible_to_user_ids;
  if (shown && !shown.includes(context.reader.me)) return document.createDocumentFragment();
  const style = element.style === "primary" || element.style === "danger" ? element.style : "";
  const local = element.url && /^https?:\/\/(127\.0\.0\.1|localhost)(:\d+)?(\/|$)/.test(element.url);
  const face = h(
    "button",
    {
      type: "button",
      class: `b-button ${style}`,
      "aria-label": element.accessibility_label ?? null,
      dir: "auto",
      title: element.url && !local ? `Would open ${element.url}` : null,
      dataset: { action: element.action_id ?? "" },
      onclick: () => {
        if (local) window.open(element.url, "_blank", "noopener");
        void send(face, element, block, context);
      },
    },
    h("span", { class: "b-button-words" }, plain(element.text)),
    element.url && h("span", { class: "b-out", "aria-hidden": "true" }, " ↗"),
  );
  return face;
}

function overflow(element, block, context) {
  const face = h(
    "button",
    {
      type: "button",
      class: "b-button b-overflow",
      "aria-label": "More",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      dataset: { action: element.action_id ?? "" },
      onclick: () =>
        openMenu(
          face,
          (element.options ?? []).map((option) => ({
            label: plain(option.text),
            detail: option.description && plain(option.description),
            run: () => void send(face, element, block, context, option.value),
          })),
          { label: "More" },
        ),
    },
    icon("more"),
  );
  return face;
}

/** An input anywhere: remember what is chosen; outside an input block, send it as a click. */
function input(element, block, context, labelledby) {
  const key = keyOf(block.block_id, element.action_id);
  const dispatches = block.type !== "input" || block.dispatch_action === true;
  const onchange = (value, settled = true) => {
    context.values.set(key, value);
    const wants = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
    const typed = /input$/.test(element.type);
    if (
      dispatches &&
      (!typed || (settled ? wants.includes("on_enter_pressed") : wants.includes("on_character_entered")))
    ) {
      void send(node, element, block, context, value);
    }
  };
  const start = context.values.has(key) ? context.values.get(key) : initial(element);
  const node = /** @type {HTMLElement} */ (
    INPUTS[element.type](element, start, onchange, context, labelledby, block)
  );
  node.dataset.action = element.action_id;
  return node;
}

/**
 * The value an element starts with: what `values` of the interface would hold.
 * @param {any} element
 */
export function initial(element) {
  const outside = element.type.endsWith("external_select");
  if (element.initial_option) return outside ? element.initial_option : element.initial_option.value;
  if (element.initial_options)
    return outside ? element.initial_options : element.initial_options.map((option) => option.value);
  const name = Object.keys(element).find((one) => one.startsWith("initial_"));
  return name ? element[name] : undefined;
}

const IMAGES = /^(data:image\/(png|jpe?g|gif|webp|svg\+xml);|\/files\/|\/static\/)/;

/**
 * An image, or its alt text when it is not on this machine.
 * @param {any} image with image_url or slack_file
 * @param {Context} context
 * @param {string} kind CSS class
 */
export function picture(image, context, kind) {
  const address = image.slack_file?.id
    ? `/files/${encodeURIComponent(image.slack_file.id)}`
    : ownAddress(image.image_url ?? image.slack_file?.url);
  const alt = image.alt_text ?? "";
  const instead = () =>
    h(
      "span",
      { class: `${kind} b-no-image`, role: "img", "aria-label": alt, title: alt },
      kind === "b-icon" ? "▦" : alt || "image",
    );
  if (!address) return instead();
  const node = h("img", { class: kind, src: address, alt, title: alt, loading: "lazy", decoding: "async" });
  node.addEventListener("error", () => node.replaceWith(instead()), { once: true });
  return node;
}

function ownAddress(address) {
  const text = String(address ?? "");
  if (IMAGES.test(text)) return text;
  const found = /^https?:\/\/(?:127\.0\.0\.1|localhost)(?::\d+)?(\/files\/[\w.-]+)/.exec(text);
  return found ? found[1] : null;
}

/** @param {HTMLElement} node @param {string} problem put a field's problem under it */
export function showProblem(node, problem) {
  fill(node, problem && [icon("warn", 15), h("span", {}, problem)]);
  node.hidden = !problem;
}
