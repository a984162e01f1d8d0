// The page: columns of people, the tenant beside them, the guide above them.

import { fill, h, icon } from "./dom.js";
import { EntraPane } from "./entra.js";
import { closePopover } from "./popover.js";
import { arrange, keepingFocus } from "./redraw.js";
import { goToNextPart } from "./regions.js";
import { kept, keep, setTheme, nextTheme, themeWords } from "./settings.js";
import { Seat } from "./seat.js";
import { follow, readEntra, readTraffic } from "./loading.js";
import { listen, state } from "./state.js";
import { GuidedStory } from "./story.js";

const MOST_COLUMNS = 3;
const NARROW = 1180;
const BOT = {
  running: ["●", "Bot running"],
  starting: ["◐", "Bot starting"],
  stopped: ["■", "Bot stopped"],
  away: ["○", "No bot here"],
};

const LINK = { live: "● Live", lost: "△ Connecting again …", connecting: "◐ Connecting …" };

/** @type {import("./seat.js").Seat[]} */
let seats = [];
let isStarted = false;
const seatsNode = /** @type {HTMLElement} */ (document.getElementById("seats"));
const barNode = /** @type {HTMLElement} */ (document.getElementById("bar"));
const guideNode = /** @type {HTMLElement} */ (document.getElementById("guide"));
const paneNode = /** @type {HTMLElement} */ (document.getElementById("pane"));

/**
 * Show exactly these people, each once, in order; columns that stay keep what they show.
 * @param {string[]} people
 */
async function showPeople(people) {
  const wanted = [...new Set(people)].slice(0, MOST_COLUMNS);
  await follow(wanted);
  closePopover();
  const before = new Map(seats.map((seat) => [seat.person, seat]));
  seats = wanted
    .filter((id) => state.slacks.has(id))
    .map(
      (id) =>
        before.get(id) ??
        new Seat(id, {
          switchTo: (seat, to) =>
            void showPeople(
              seats.map((one) => (one === seat ? to : one.person === to ? seat.person : one.person)),
            ),
          close: (seat) => void showPeople(seats.filter((one) => one !== seat).map((one) => one.person)),
          closable: () => seats.length > 1,
        }),
    );
  const focusedAt = [...seatsNode.children].findIndex((node) => node.contains(document.activeElement));
  arrange(
    seatsNode,
    seats.map((seat) => seat.node),
  );
  seatsNode.dataset.columns = String(seats.length);
  for (const seat of seats) seat.redrawHead();
  // Whoever was in a column that is another person's now, or closed, goes on at its head.
  if (focusedAt >= 0 && !seatsNode.contains(document.activeElement))
    seats[Math.min(focusedAt, seats.length - 1)]?.focusHead();
  keep("people", seats.map((seat) => seat.person).join(","));
  drawBar();
}

function castWith(role) {
  const slack = seats[0]?.slack();
  return slack?.cast.find((id) => slack.people.get(id)?.role === role) ?? null;
}

/** @type {import("./story.js").Stage} */
const stage = {
  shownSeat: (role) => seats.find((seat) => seat.slack()?.person.role === role) ?? null,
  openPane: () => setPane(true),
  seatOf: async (role, beside = false) => {
    const shown = stage.shownSeat(role);
    if (shown) return shown;
    const id = castWith(role);
    if (!id) return null;
    const rest = seats.map((seat) => seat.person);
    if (beside && window.innerWidth > NARROW)
      await showPeople(rest.length < 2 ? [...rest, id] : [rest[0], id]);
    else await showPeople([id, ...rest.slice(1)]);
    return stage.shownSeat(role);
  },
};

/** @param {number} count */
function setColumns(count) {
  const people = seats.map((seat) => seat.person);
  const cast = seats[0]?.slack().cast ?? [];
  const next = [...people, ...cast.filter((id) => !people.includes(id))].slice(0, count);
  void showPeople(next);
}

const pane = new EntraPane(() => setPane(false));
const guide = new GuidedStory(stage, () => setGuide(false));
fill(paneNode, pane.node);
fill(guideNode, guide.node);

/** @param {boolean} open */
function setPane(open) {
  document.body.classList.toggle("with-pane", open);
  paneNode.hidden = !open;
  keep("pane", open ? "1" : "0");
  drawBar();
}

/** @param {boolean} open */
function setGuide(open) {
  guideNode.hidden = !open;
  keep("guide", open ? "1" : "0");
  guide.look();
  drawBar();
}

function drawBar() {
  keepingFocus(barNode, () =>
    fill(
      barNode,
      h(
        "h1",
        { class: "brand" },
        h("span", { class: "side-app", "aria-hidden": "true" }, "P"),
        h("span", { class: "brand-name" }, "psso-bot"),
        h("span", { class: "quiet brand-team" }, state.team.name),
      ),
      botChip(),
      h("span", { class: `chip link-${state.link}`, role: "status" }, LINK[state.link]),
      h("span", { class: "grow" }),
      columnButtons(),
      toggle("guide", "compass", "Guide", !guideNode.hidden, () => setGuide(Boolean(guideNode.hidden))),
      toggle("pane", "cloud", "Entra", !paneNode.hidden, () => setPane(Boolean(paneNode.hidden))),
      themeButton(),
    ),
  );
}

function botChip() {
  const { state: name, pid, connections } = state.bot;
  const [mark, words] = BOT[name] ?? ["?", name];
  const title = pid ? `Process ${pid}, ${connections} connections` : null;
  return h(
    "span",
    { class: `chip bot-${name}`, title },
    h("span", { "aria-hidden": "true" }, mark),
    ` ${words}`,
  );
}

function columnButtons() {
  const button = (count) =>
    h(
      "button",
      {
        type: "button",
        class: "segment",
        "aria-pressed": String(seats.length === count),
        "aria-label": `${count} ${count === 1 ? "person" : "people"}`,
        dataset: { action: `columns-${count}` },
        onclick: () => setColumns(count),
      },
      String(count),
    );
  const group = { class: "segments", role: "group", "aria-label": "People side by side" };
  return h("div", group, icon("columns", 16), [1, 2, 3].map(button));
}

function themeButton() {
  const onclick = () => {
    nextTheme();
    drawBar();
  };
  return h(
    "button",
    {
      type: "button",
      class: "bar-button",
      dataset: { action: "theme" },
      onclick,
      "aria-label": `Theme: ${themeWords()}`,
    },
    icon(themeWords() === "Dark" ? "moon" : "sun", 16),
    h("span", { class: "bar-words" }, themeWords()),
  );
}

function toggle(name, picture, words, on, onclick) {
  return h(
    "button",
    {
      type: "button",
      class: "bar-button",
      "aria-pressed": String(on),
      dataset: { action: `bar-${name}` },
      onclick,
    },
    icon(picture, 16),
    h("span", { class: "bar-words" }, words),
  );
}

listen((dirty) => {
  // The sandbox was not there at first, and now it is.
  if (isStarted && !seats.length && state.slacks.size) void showPeople([...state.slacks.keys()]);
  for (const seat of seats) seat.update(dirty);
  pane.update(dirty);
  guide.update(dirty);
  if (dirty.has("bot") || dirty.has("link")) drawBar();
});

/** "/" anywhere outside a field begins a command, as in Slack. */
document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("input,textarea,select,[role=dialog],[role=alertdialog],.popover")) return;
  const seat = seats.find((one) => one.node.contains(target)) ?? seats[0];
  if (!seat) return;
  event.preventDefault();
  seat.type("/");
});

document.addEventListener("keydown", goToNextPart);

async function start() {
  setTheme(kept("theme", "system"));
  setPane(kept("pane", window.innerWidth > NARROW ? "1" : "0") === "1");
  setGuide(kept("guide", "1") === "1");
  const wanted = kept("people", "U0HANA")
    .split(",")
    .filter((id) => /^[UW][A-Z0-9]+$/.test(id));
  await showPeople(wanted.length ? wanted : ["U0HANA"]);
  if (!seats.length && wanted.join() !== "U0HANA") await showPeople(["U0HANA"]);
  await Promise.all([readEntra(), readTraffic()]);
  isStarted = true;
  document.body.classList.add("ready");
}

void start();
