// Dialogs over one person's column: the frame, the focus trap, and Slack's confirm dialog.

import { h, fill, focusable, iconButton, trapTab, uid } from "./dom.js";
import { rememberedFocus } from "./redraw.js";

/**
 * Show a dialog inside `host` and keep the focus in it.
 * @param {HTMLElement} host
 * @param {{role?: string, kind?: string, labelledby: string, onescape: () => void}} how
 * @param {...(Node|null|false)} content
 * @returns {{node: HTMLElement, close: () => void}}
 */
export function openDialog(host, how, ...content) {
  const before = rememberedFocus(host);
  const node = h(
    "div",
    {
      class: `dialog ${how.kind ?? ""}`,
      role: how.role ?? "dialog",
      "aria-modal": "true",
      "aria-labelledby": how.labelledby,
      tabindex: "-1",
    },
    content,
  );
  const scrim = h("div", { class: "scrim" }, node);
  node.addEventListener("keydown", (event) => {
    trapTab(node, event);
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      event.stopPropagation();
      how.onescape();
    }
  });
  // Nothing under it takes the focus, however it was lost; what is said aloud is still said.
  const under = [...host.children].filter(
    (one) => one instanceof HTMLElement && !one.inert && one.id !== "announcer",
  );
  for (const one of under) /** @type {HTMLElement} */ (one).inert = true;
  host.append(scrim);
  return {
    node,
    close: () => {
      for (const one of under) /** @type {HTMLElement} */ (one).inert = false;
      scrim.remove();
      before()?.focus();
    },
  };
}

/** @param {Element} node put the focus on the first field, else on the button that leaves */
export function focusFirst(node) {
  const all = focusable(node);
  const field = all.find((one) => one.matches("input,textarea,select,.picker-face"));
  (field ?? all.find((one) => one.closest(".dialog-foot")) ?? all[0])?.focus();
}

/**
 * Ask before a click is sent. https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
 * @param {HTMLElement} host
 * @param {any} confirm Slack's confirm object
 * @param {Node[]} words its text, drawn
 * @returns {Promise<boolean>} whether the person confirmed
 */
export function askFirst(host, confirm, words) {
  return new Promise((resolve) => {
    const title = uid("confirm");
    const end = (answer) => {
      dialog.close();
      resolve(answer);
    };
    const sure = h(
      "button",
      {
        type: "button",
        class: `b-button ${confirm.style === "danger" ? "danger" : "primary"}`,
        onclick: () => end(true),
      },
      confirm.confirm?.text ?? "Yes",
    );
    const dialog = openDialog(
      host,
      { role: "alertdialog", kind: "dialog-small", labelledby: title, onescape: () => end(false) },
      h(
        "header",
        { class: "dialog-head" },
        h("h2", { id: title, dir: "auto" }, confirm.title?.text ?? "Are you sure?"),
      ),
      h("div", { class: "dialog-body", dir: "auto" }, words),
      h(
        "footer",
        { class: "dialog-foot" },
        h(
          "button",
          { type: "button", class: "b-button", onclick: () => end(false) },
          confirm.deny?.text ?? "Cancel",
        ),
        sure,
      ),
    );
    sure.focus();
  });
}

/**
 * A dialog with a title, a close button and any content.
 * @param {HTMLElement} host
 * @param {string} title
 * @param {Node[]} content
 * @param {{kind?: string, extra?: Node[]}} [how] `extra` stands beside the close button
 */
export function showDialog(host, title, content, how = {}) {
  const id = uid("dialog");
  const body = h("div", { class: "dialog-body", tabindex: "0" });
  const dialog = openDialog(
    host,
    { kind: how.kind ?? "", labelledby: id, onescape: () => dialog.close() },
    h(
      "header",
      { class: "dialog-head" },
      h("h2", { id }, title),
      h("span", { class: "grow" }),
      ...(how.extra ?? []),
      iconButton("close", "Close", () => dialog.close(), { class: "dialog-close" }),
    ),
    body,
  );
  fill(body, content);
  body.focus();
  return dialog;
}
