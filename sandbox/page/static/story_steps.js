// The six steps: what each says, when it is done, what "Show me" does, and where the ring goes.

import { byAction } from "./dom.js";

/** @typedef {import("./story.js").Stage} Stage */
/** @typedef {import("./seat.js").Seat} Seat */

/**
 * @param {any} progress
 * @returns {Record<string, number|null>}
 */
export const factsOf = (progress) => progress?.facts ?? {};

/** The newest control with that action a person sees. */
function control(seat, action) {
  return seat ? byAction(seat.node, action) : null;
}

/** Open the channel with the newest message that has that action. */
function openWith(seat, action) {
  const messages = [...seat.slack().logs.values()].flatMap((log) => log.list);
  const having = messages.filter((message) => message.blocks.some((block) => offers(block, action)));
  const newest = having.sort((a, b) => (a.ts < b.ts ? 1 : -1))[0];
  if (newest && seat.channel !== newest.channel) seat.openChannel(newest.channel);
}

function offers(block, action) {
  return (block.elements ?? []).some((one) => one.action_id === action);
}

const WAIT_MS = 15_000;
const LOOK_AGAIN_MS = 100;

/**
 * Open where the control is and put the focus on it; what is still being written is waited for.
 * `fromTop` shows its message from the beginning, for reading.
 */
async function pointAt(stage, role, action, beside = false, fromTop = false) {
  const seat = await stage.seatOf(role, beside);
  if (!seat) return;
  const until = performance.now() + WAIT_MS;
  const look = () => {
    openWith(seat, action);
    const found = control(seat, action);
    if (found?.checkVisibility()) {
      found.focus({ preventScroll: true });
      if (fromTop) found.closest(".msg")?.scrollIntoView({ block: "start" });
      else found.scrollIntoView({ block: "center" });
    } else if (performance.now() < until) window.setTimeout(look, LOOK_AGAIN_MS);
  };
  look();
}

/** The button that answers a confirm dialog, while one is open. */
const sure = (seat) =>
  seat?.node.querySelector("[role=alertdialog] .dialog-foot .b-button:last-child") ?? null;
const modalSubmit = (seat) => seat?.node.querySelector(".dialog-submit") ?? null;

export const STEPS = [
  {
    id: "ask",
    name: "Ask",
    button: "Type it for me",
    title: (name) => `${name}’s Mac will not register, and no error says why.`,
    says: (progress) =>
      `You are Hana, the helpdesk. Type /psso why ${progress.subject?.upn ?? "…"} and press Enter.`,
    done: (facts) => Boolean(facts.asked),
    show: async (stage, progress) =>
      (await stage.seatOf("helpdesk"))?.type(`/psso why ${progress.subject?.upn}`),
    target: (stage) => stage.shownSeat("helpdesk")?.node.querySelector(".conv .composer-box") ?? null,
  },
  {
    id: "read",
    name: "Read",
    button: "Show me",
    title: () => "Read the answer.",
    says: () =>
      "Only you see it: what is in the way, how sure the bot is, the evidence, and what to do about it.",
    done: (facts, seen) =>
      Boolean(facts.form_opened || facts.requested) || (Boolean(facts.answered) && seen.read),
    show: (stage) => pointAt(stage, "helpdesk", "psso_request_disable", false, true),
    target: (stage) => control(stage.shownSeat("helpdesk"), "psso_request_disable")?.closest(".msg") ?? null,
  },
  {
    id: "request",
    name: "Request",
    button: "Show me",
    title: () => "Ask for the change.",
    says: () =>
      "Press Request disable, say why and how you checked who is asking, then Send. Nothing changes until somebody approves.",
    done: (facts) => Boolean(facts.requested),
    show: (stage) => pointAt(stage, "helpdesk", "psso_request_disable"),
    target: (stage) =>
      modalSubmit(stage.shownSeat("helpdesk")) ??
      control(stage.shownSeat("helpdesk"), "psso_request_disable"),
  },
  {
    id: "approve",
    name: "Approve",
    button: "Be Otto",
    title: () => "Somebody else decides.",
    says: () =>
      "Otto is an approver and sits beside Hana. Read the card in #psso-approvals as him, then press Approve; a click within three seconds is refused, because nobody reads that fast.",
    done: (facts) => Boolean(facts.approved),
    show: (stage) => pointAt(stage, "approver", "psso_approve", true),
    target: (stage) =>
      sure(stage.shownSeat("approver")) ?? control(stage.shownSeat("approver"), "psso_approve"),
  },
  {
    id: "fix",
    name: "Watch",
    button: "Let the Mac try",
    title: (name) => `The bot changes it, reads it back, and follows ${name}.`,
    says: (progress) => progressWords(factsOf(progress)),
    done: (facts) => Boolean(facts.registered),
    show: (stage) => {
      stage.openPane();
      requestAnimationFrame(() => {
        const story = /** @type {HTMLElement|null} */ (
          document.querySelector('[data-story="stuck-tries-again"]')
        );
        story?.focus();
        story?.click();
      });
    },
    target: () => document.querySelector('[data-story="stuck-tries-again"]'),
  },
  {
    id: "undo",
    name: "Undo",
    button: "Show me",
    title: () => "And it can be taken back.",
    says: (progress) =>
      factsOf(progress).undo_requested
        ? "Otto asked, so Otto may not decide: be Mira, the second approver, and press Approve."
        : "As Otto, press Undo on the card and say why. It takes a second approver, as every change does.",
    done: (facts) => Boolean(facts.undone),
    show: (stage, progress) =>
      factsOf(progress).undo_requested
        ? pointAt(stage, "second approver", "psso_approve", true)
        : pointAt(stage, "approver", "psso_undo", true),
    target: (stage, progress) =>
      factsOf(progress).undo_requested
        ? (sure(stage.shownSeat("second approver")) ??
          control(stage.shownSeat("second approver"), "psso_approve"))
        : (modalSubmit(stage.shownSeat("approver")) ?? control(stage.shownSeat("approver"), "psso_undo")),
  },
];

function progressWords(facts) {
  const changed = facts.verified
    ? "Changed in Entra, and read back."
    : facts.changed
      ? "Changed in Entra; reading it back …"
      : "Being changed …";
  return `${changed} Watch the pane at the right, then let the Mac try again.`;
}
