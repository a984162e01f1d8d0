// The tenant's people: per-user MFA, registered or not, the last error; their Mac may try again.

import { post } from "./api.js";
import { announce } from "./announce.js";
import { avatar, fill, h } from "./dom.js";
import { openMenu } from "./menu.js";
import { readEntra } from "./loading.js";
import { arrange } from "./redraw.js";
import { state } from "./state.js";
import { keyedRows } from "./tenant_lists.js";

/** @typedef {{opened: Set<string>, said: Map<string, HTMLElement>}} Kept */

const STATES = { disabled: ["●", "disabled"], enabled: ["▲", "enabled"], enforced: ["■", "enforced"] };

/** @returns {{node: HTMLElement, update: () => void}} */
export function peopleList() {
  const filter = /** @type {HTMLInputElement} */ (
    h("input", {
      type: "search",
      class: "field",
      placeholder: "Filter people",
      "aria-label": "Filter people",
    })
  );
  const rows = h("div", { class: "rows" });
  const node = h("div", { class: "tenant-people" }, filter, rows);
  const none = h("p", { class: "quiet" }, "Nobody is called that.");
  /** Outlives the rows: who is opened, and what came of their Macs' tries. @type {Kept} */
  const kept = { opened: new Set(), said: new Map() };
  const isSubject = (person) => person.upn === state.progress.subject?.upn;
  const drawn = keyedRows(
    (person) => row(person, kept, isSubject(person)),
    (person) => person.id,
    (person) => JSON.stringify([person, isSubject(person)]),
  );

  const update = () => {
    const people = found(filter.value.trim().toLowerCase(), state.progress.subject?.upn);
    arrange(rows, people.length ? drawn(people) : [none]);
  };
  filter.addEventListener("input", update);
  return { node, update };
}

/** Whom the filter leaves, the story's person first. */
function found(wanted, subject) {
  const fits = (one) => !wanted || `${one.name} ${one.upn} ${one.story}`.toLowerCase().includes(wanted);
  return state.entra.people
    .filter(fits)
    .sort((a, b) => Number(b.upn === subject) - Number(a.upn === subject));
}

/** @param {string} value */
function mfaChip(value) {
  const [mark, word] = STATES[value] ?? ["?", value];
  return h(
    "span",
    { class: `chip mfa-${value}`, title: `Legacy per-user MFA: ${word}` },
    h("span", { "aria-hidden": "true" }, mark),
    ` MFA ${word}`,
  );
}

function registeredChip(person) {
  return person.registered
    ? h("span", { class: "chip good" }, h("span", { "aria-hidden": "true" }, "●"), " registered")
    : h("span", { class: "chip" }, h("span", { "aria-hidden": "true" }, "○"), " not registered");
}

/** @param {any} person @param {Kept} kept @param {boolean} isSubject */
function row(person, kept, isSubject) {
  const failed = person.last_error && person.last_sign_in?.failed !== false ? person.last_error : null;
  const details = h(
    "details",
    {
      class: `tenant-row ${isSubject ? "subject" : ""}`,
      open: kept.opened.has(person.id),
      dataset: { upn: person.upn },
    },
    h(
      "summary",
      { dataset: { action: `person-${person.id}` } },
      avatar(person.id, person.name || person.upn),
      h(
        "span",
        { class: "tenant-words" },
        h("bdi", { class: "tenant-name" }, person.name || person.upn),
        h(
          "span",
          { class: "chips" },
          mfaChip(person.per_user_mfa),
          registeredChip(person),
          failed && h("span", { class: "chip bad", title: failed.reason }, `AADSTS${failed.code}`),
          person.deleted && h("span", { class: "chip" }, "deleted"),
          person.enabled === false && h("span", { class: "chip" }, "account off"),
        ),
      ),
    ),
    h("div", { class: "tenant-more" }, h("p", { dir: "auto" }, person.story), facts(person), buttons(person, kept)),
  );
  details.addEventListener("toggle", () =>
    kept.opened[/** @type {HTMLDetailsElement} */ (details).open ? "add" : "delete"](person.id),
  );
  return details;
}

function facts(person) {
  const pairs = [
    ["UPN", person.upn],
    ["Mail", person.mail === person.upn ? "" : person.mail],
    ["Platform SSO", METHODS[person.psso] ?? person.psso],
    ["Sign-in methods", (person.methods ?? []).join(", ")],
    ["Groups", (person.groups ?? []).join(", ")],
    ["Roles", (person.roles ?? []).join(", ")],
    [
      "Last error",
      person.last_error ? `AADSTS${person.last_error.code}: ${person.last_error.reason ?? ""}` : "",
    ],
  ].filter(([, value]) => value);
  return h(
    "dl",
    { class: "facts" },
    pairs.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)]),
  );
}

const METHODS = { password: "password", secureEnclave: "Secure Enclave key" };

function buttons(person, kept) {
  const said = kept.said.get(person.id) ?? h("span", { class: "quiet", role: "status" });
  kept.said.set(person.id, said);
  return h("div", { class: "b-actions" }, tryButton(person, said), stateButton(person), said);
}

function tryButton(person, said) {
  const onclick = async () => {
    button.setAttribute("aria-busy", "true");
    const answer = await post("/api/entra/try", { user: person.id });
    button.removeAttribute("aria-busy");
    const words = triedWords(answer);
    fill(said, words);
    announce(words);
  };
  const button = h(
    "button",
    { type: "button", class: "b-button", dataset: { action: `try-${person.id}` }, onclick },
    h("span", { class: "b-button-words" }, "Mac tries to register"),
  );
  return button;
}

function triedWords(answer) {
  if (!answer.ok) return answer.text ?? "That did not work.";
  return answer.registered ? "Registered." : `Did not register: AADSTS${answer.code}.`;
}

function stateButton(person) {
  const choose = async (value) => {
    await post("/api/entra/state", { user: person.id, state: value });
    await readEntra();
  };
  const items = Object.entries(STATES).map(([value, [mark]]) => ({
    label: `${mark} ${value}`,
    checked: value === person.per_user_mfa,
    run: () => void choose(value),
  }));
  const button = h(
    "button",
    {
      type: "button",
      class: "b-button",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      dataset: { action: `state-${person.id}` },
      onclick: () => openMenu(button, items, { label: "Per-user MFA, set by another administrator" }),
    },
    "Set per-user MFA …",
  );
  return button;
}
