// One message: who, when, what; its files, its replies, its small tool bar.

import { act } from "./api.js";
import { avatar, h, icon, iconButton } from "./dom.js";
import { clock, dayName, fullTime } from "./dates.js";
import { drawBlocks, drawText } from "./blocks.js";
import { messageContext, nameOf, readerOf } from "./context.js";
import { openMenu } from "./menu.js";
import { inspectMessage } from "./inspector.js";
import { mrkdwn } from "./mrkdwn.js";

/** @typedef {import("./state.js").Message} Message */
/** @typedef {import("./seat.js").Seat} Seat */

/**
 * @param {Seat} seat
 * @param {Message} message
 * @param {{compact: boolean, inThread: boolean, replies: Message[]}} how `compact` leaves out picture and name
 * @returns {HTMLElement}
 */
export function drawMessage(seat, message, how) {
  const slack = seat.slack();
  const author = slack.people.get(message.user);
  const name = nameOf(author) ?? message.user;
  const at = Number(message.ts);
  const zone = slack.person.tz;
  const time = h(
    "time",
    { class: "msg-time", datetime: new Date(at * 1000).toISOString(), title: fullTime(at, zone) },
    clock(at, zone),
  );
  const head = [h("bdi", { class: "msg-name" }, name), ...badges(author), time];
  const left = how.compact ? time : avatar(message.user, name, author?.is_bot ? "bot" : "");
  const body = [
    !how.compact && h("div", { class: "msg-head" }, head),
    content(seat, message),
    files(message),
    !how.inThread && replies(seat, message, how.replies),
  ];
  return h(
    "article",
    {
      class: `msg ${how.compact ? "compact" : ""} ${message.ephemeral ? "ephemeral" : ""}`,
      role: "listitem",
      tabindex: "-1",
      "aria-label": `${name}, ${clock(at, zone)}${message.ephemeral ? ", only visible to you" : ""}`,
      dataset: { ts: message.ts },
    },
    message.ephemeral && privately(seat, message),
    h(
      "div",
      { class: "msg-row" },
      h("div", { class: "msg-left" }, left),
      h("div", { class: "msg-body" }, body),
    ),
    tools(seat, message, how.inThread),
  );
}

function badges(author) {
  if (author?.is_bot) return [h("span", { class: "badge" }, "APP")];
  if (author?.is_outside)
    return [h("span", { class: "badge badge-out", title: "From another organisation" }, "External")];
  return [];
}

function content(seat, message) {
  const reader = readerOf(seat.slack());
  const edited = message.edited && h("span", { class: "msg-edited" }, " (edited)");
  if (message.blocks?.length) {
    return h(
      "div",
      {},
      drawBlocks(message.blocks, messageContext(seat, message)),
      attachments(seat, message),
      edited,
    );
  }
  return h(
    "div",
    {},
    message.text && h("div", { class: "b-text", dir: "auto" }, mrkdwn(message.text, reader), edited),
    attachments(seat, message),
  );
}

function attachments(seat, message) {
  const reader = readerOf(seat.slack());
  return (message.attachments ?? []).map((one) => {
    const node = h(
      "div",
      { class: "attachment" },
      one.pretext && h("div", {}, mrkdwn(one.pretext, reader)),
      one.title && h("strong", { dir: "auto" }, one.title),
      one.blocks
        ? drawBlocks(one.blocks, messageContext(seat, message))
        : one.text && h("div", { dir: "auto" }, drawText({ type: "mrkdwn", text: one.text }, reader)),
    );
    if (/^#?[0-9a-f]{6}$/i.test(one.color ?? ""))
      node.style.setProperty("--bar", `#${one.color.replace("#", "")}`);
    return node;
  });
}

function files(message) {
  return (message.files ?? []).map((file) => {
    const words = file.title || file.name;
    if (file.is_image) {
      return h(
        "figure",
        { class: "b-image" },
        h("figcaption", { dir: "auto" }, words),
        h("img", {
          class: "b-picture",
          src: file.url,
          alt: file.alt_txt || words,
          title: file.alt_txt || null,
          loading: "lazy",
        }),
      );
    }
    return h(
      "a",
      { class: "file", href: file.url, download: file.name },
      icon("file", 22),
      h(
        "span",
        { class: "menu-words" },
        h("bdi", { class: "menu-label" }, words),
        h("span", { class: "menu-detail" }, sizeOf(file)),
      ),
    );
  });
}

function sizeOf(file) {
  const size = Number(file.size) || 0;
  const words = size < 1024 ? `${size} bytes` : `${(size / 1024).toFixed(1)} KB`;
  return `${file.mimetype ?? "file"} · ${words}`;
}

function replies(seat, message, list) {
  if (!list.length) return null;
  const last = Number(list[list.length - 1].ts);
  const zone = seat.slack().person.tz;
  const who = [...new Set(list.map((one) => one.user))].slice(0, 3);
  return h(
    "button",
    { type: "button", class: "msg-replies", onclick: () => seat.openThread(message.ts) },
    who.map((id) => {
      const person = seat.slack().people.get(id);
      return avatar(id, nameOf(person) ?? id, person?.is_bot ? "bot" : "");
    }),
    h("strong", {}, `${list.length} ${list.length === 1 ? "reply" : "replies"}`),
    h("span", { class: "quiet" }, `Last reply ${dayName(last, zone).toLowerCase()} at ${clock(last, zone)}`),
  );
}

function privately(seat, message) {
  return h(
    "div",
    { class: "msg-private" },
    icon("eye", 14),
    "Only visible to you",
    h("span", { "aria-hidden": "true" }, "·"),
    h(
      "button",
      { type: "button", class: "as-link", onclick: () => seat.dismiss(message) },
      "Dismiss message",
    ),
  );
}

function tools(seat, message, inThread) {
  const more = iconButton(
    "more",
    "More actions",
    () => openMenu(more, actions(seat, message), { label: "Message actions" }),
    { "aria-haspopup": "menu", "aria-expanded": "false" },
  );
  return h(
    "div",
    { class: "msg-tools", role: "group", "aria-label": "Message tools" },
    !inThread &&
      !message.ephemeral &&
      iconButton("reply", "Reply in thread", () => seat.openThread(message.ts)),
    iconButton("code", "Look at the payload", () => inspectMessage(message)),
    more,
  );
}

function actions(seat, message) {
  const { shortcuts, app } = { shortcuts: seat.slack().shortcuts, app: seat.appName() };
  const offered = message.ephemeral ? [] : shortcuts.filter((one) => one.type === "message");
  return [
    ...(offered.length ? [{ label: "Message shortcuts", heading: true }] : []),
    ...offered.map((one) => ({
      label: one.name,
      detail: app,
      picture: icon("bolt", 16),
      run: async () =>
        seat.tell(
          await act(seat.person, "shortcut", {
            callback_id: one.callback_id,
            channel: message.channel,
            message_ts: message.ts,
          }),
        ),
    })),
    {
      label: "Look at the payload",
      detail: "The JSON as Slack stores it",
      picture: icon("code", 16),
      run: () => inspectMessage(message),
    },
    {
      label: "Copy text",
      picture: icon("file", 16),
      run: () => void navigator.clipboard?.writeText(message.text),
    },
    ...(message.ephemeral
      ? [{ label: "Dismiss message", picture: icon("close", 16), run: () => seat.dismiss(message) }]
      : []),
  ];
}
