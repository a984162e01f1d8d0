// What the tenant and Slack wrote down: Graph calls, sign-ins, policies, audits, traffic; newest first.

import { post } from "./api.js";
import { h } from "./dom.js";
import { inspectTraffic, showJson } from "./inspector.js";
import { arrange, replaceNode } from "./redraw.js";
import { state } from "./state.js";

/** @typedef {{node: HTMLElement, update: () => void}} List */

/**
 * @param {string} empty what stands there while there is nothing
 * @param {() => any[]} select
 * @param {(row: any) => HTMLElement} draw
 * @returns {List}
 */
function list(empty, select, draw) {
  const node = h("div", { class: "rows" });
  const none = h("p", { class: "quiet pane-empty" }, empty);
  const drawn = keyedRows(draw, (row) => `${row.kind ?? ""}/${row.id ?? row.n}`);
  const update = () => {
    const rows = drawn(select());
    arrange(node, rows.length ? rows : [none]);
  };
  return { node, update };
}

/**
 * Nodes of rows: drawn once, and drawn anew in place when what they say has changed.
 * @param {(row: any) => HTMLElement} draw
 * @param {(row: any) => string} keyOf
 * @param {(row: any) => string} [markOf] what a row says
 * @returns {(rows: any[]) => HTMLElement[]}
 */
export function keyedRows(draw, keyOf, markOf = (row) => JSON.stringify(row)) {
  /** @type {Map<string, {mark: string, node: HTMLElement}>} */
  let drawn = new Map();
  const drawnRow = (row, known) => {
    const mark = markOf(row);
    if (known?.mark === mark) return known;
    const node = draw(row);
    if (known) replaceNode(known.node, node);
    return { mark, node };
  };
  return (rows) => {
    drawn = new Map(rows.map((row) => [keyOf(row), drawnRow(row, drawn.get(keyOf(row)))]));
    return [...drawn.values()].map((one) => one.node);
  };
}

const timeOf = (at) => {
  const date = typeof at === "number" ? new Date(at * 1000) : new Date(at);
  return h("time", { class: "row-time", datetime: date.toISOString() }, date.toLocaleTimeString("en-GB"));
};

function statusChip(status) {
  const kind =
    status === null ? "bad" : status < 300 ? "good" : status === 429 ? "warn" : status >= 400 ? "bad" : "";
  return h("span", { class: `chip ${kind}` }, status === null ? "cut" : String(status));
}

/** @returns {List} */
export function callList() {
  return list(
    "The bot has asked Graph nothing yet.",
    () => state.entra.calls,
    (call) =>
      h(
        "button",
        {
          type: "button",
          class: `row call ${call.in_batch ? "in-batch" : ""}`,
          title: call.path,
          onclick: () => showJson(document.body, `${call.method} ${call.path}`, call),
        },
        timeOf(call.at),
        h("span", { class: `row-method ${call.method.toLowerCase()}` }, call.method),
        statusChip(call.status),
        h("bdi", { class: "row-path" }, call.path),
        h(
          "span",
          { class: "row-small" },
          `${call.in_batch ? "in batch · " : ""}${call.bucket ?? ""} · ${call.ms === null || call.ms === undefined ? "–" : `${Number(call.ms).toFixed(call.ms < 10 ? 1 : 0)} ms`}`,
        ),
      ),
  );
}

/** @returns {List} */
export function signInList() {
  return list(
    "Nobody has signed in yet.",
    () => state.entra.sign_ins,
    (row) =>
      h(
        "button",
        {
          type: "button",
          class: "row sign-in",
          onclick: () => showJson(document.body, `Sign-in ${row.upn}`, row),
        },
        timeOf(row.at),
        h(
          "span",
          { class: `chip ${row.failed ? "bad" : "good"}`, title: row.reason },
          row.failed ? `AADSTS${row.code}` : "success",
        ),
        h("bdi", { class: "row-path" }, row.upn),
        h("span", { class: "row-small", dir: "auto" }, `${row.app} → ${row.resource}`),
      ),
  );
}

const POLICY_STATES = {
  enabled: ["●", "on"],
  disabled: ["○", "off"],
  enabledForReportingButNotEnforced: ["△", "report only"],
};

/** @returns {List} */
export function policyList() {
  return list(
    "There is no Conditional Access policy.",
    () => state.entra.policies,
    (policy) => {
      const [mark, word] = POLICY_STATES[policy.state] ?? ["?", policy.state];
      const turn = policy.state === "enabled" ? "disabled" : "enabled";
      const change = h(
        "button",
        {
          type: "button",
          class: "as-link",
          dataset: { action: `policy-${policy.id}` },
          "aria-label": `Turn ${policy.name} ${turn === "enabled" ? "on" : "off"}`,
          onclick: () => void post("/api/entra/policy", { policy: policy.id, state: turn }),
        },
        turn === "enabled" ? "Turn on" : "Turn off",
      );
      return h(
        "div",
        { class: "row policy" },
        h("span", { class: `chip ${policy.state === "enabled" ? "good" : ""}` }, `${mark} ${word}`),
        h("bdi", { class: "row-path" }, policy.name),
        change,
        h(
          "span",
          { class: "row-small", dir: "auto" },
          [policy.who, policy.what, policy.demands].filter(Boolean).join(" · "),
        ),
      );
    },
  );
}

/** @returns {List} */
export function auditList() {
  return list(
    "The audit log is empty.",
    () => state.entra.audits,
    (row) =>
      h(
        "button",
        {
          type: "button",
          class: "row audit",
          onclick: () => showJson(document.body, row.activity, row),
        },
        timeOf(row.at),
        h("bdi", { class: "row-path" }, row.activity),
        h(
          "span",
          { class: "row-small", dir: "auto" },
          [`by ${row.by}`, row.target, ...(row.changes ?? []).slice(0, 2).map(changeWords)]
            .filter(Boolean)
            .join(" · "),
        ),
      ),
  );
}

/** Short values in full; whole documents only by name, the dialog has the rest. */
function changeWords(change) {
  const before = String(change.old ?? "–"),
    after = String(change.new ?? "–");
  return before.length + after.length > 90 ? change.name : `${change.name}: ${before} → ${after}`;
}

/** @returns {List} */
export function trafficList() {
  return list(
    "Nothing has gone between Slack and the bot since this page was opened.",
    () => state.traffic,
    (row) => {
      const toBot = row.kind === "delivery";
      const bad = toBot ? !row.acked : !row.ok;
      return h(
        "button",
        { type: "button", class: "row traffic", onclick: () => void inspectTraffic(row) },
        row.at ? timeOf(row.at) : null,
        h(
          "span",
          { class: `chip ${bad ? "bad" : "good"}` },
          toBot
            ? row.acked
              ? "acked"
              : (row.error ?? "no ack")
            : row.ok
              ? "ok"
              : (row.error ?? String(row.status)),
        ),
        h("bdi", { class: "row-path" }, toBot ? row.what : row.method),
        h(
          "span",
          { class: "row-small" },
          toBot
            ? `Slack → bot · ${row.type}${row.ack_ms ? ` · ${Math.round(row.ack_ms)} ms` : ""}${row.attempt ? ` · attempt ${row.attempt + 1}` : ""}`
            : "bot → Slack",
        ),
      );
    },
  );
}
