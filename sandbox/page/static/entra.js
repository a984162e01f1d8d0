// The pane beside Slack: what is true in the tenant, what the bot asks of Graph, and buttons that make things happen.

import { post } from "./api.js";
import { announce } from "./announce.js";
import { fill, h, iconButton } from "./dom.js";
import { BudgetMeter } from "./budget.js";
import { peopleList } from "./tenant_people.js";
import { auditList, callList, policyList, signInList, trafficList } from "./tenant_lists.js";
import { readEntra } from "./loading.js";
import { keepingFocus } from "./redraw.js";
import { state, touch } from "./state.js";

const TABS = [
  { id: "people", name: "People", keys: ["entra/people", "progress"], make: peopleList },
  { id: "calls", name: "Graph", keys: ["entra/calls"], make: callList },
  { id: "sign_ins", name: "Sign-ins", keys: ["entra/sign_ins"], make: signInList },
  { id: "policies", name: "Policies", keys: ["entra/policies"], make: policyList },
  { id: "audits", name: "Audit", keys: ["entra/audits"], make: auditList },
  { id: "traffic", name: "Slack", keys: ["traffic"], make: trafficList },
];
/** The guide offers it as "Start again". */
const NOT_HERE = "start-over";

export class EntraPane {
  #tab = TABS[0];
  /** @type {Map<string, import("./tenant_lists.js").List>} */
  #lists = new Map();

  /** @param {() => void} close */
  constructor(close) {
    this.title = h("div", { class: "pane-title" });
    this.stories = h("div", { class: "stories" });
    this.said = h("p", { class: "stories-said quiet", role: "status" });
    this.meter = new BudgetMeter();
    this.tabs = h("div", {
      class: "pane-tabs",
      role: "tablist",
      "aria-label": "Tenant",
      onkeydown: (event) => this.#walk(event),
    });
    this.panel = h("div", { class: "pane-panel", role: "tabpanel", tabindex: "0" });
    this.node = h(
      "aside",
      { class: "pane", "aria-label": "Entra tenant" },
      h(
        "header",
        { class: "pane-head" },
        this.title,
        h("span", { class: "grow" }),
        iconButton("close", "Close this pane", close, { class: "pane-close" }),
      ),
      h(
        "section",
        { class: "pane-section", "aria-label": "Stories" },
        h("h3", {}, "Make something happen"),
        this.stories,
        this.said,
      ),
      this.meter.node,
      this.tabs,
      this.panel,
    );
    this.#drawTitle();
    this.#drawStories();
    this.show(TABS[0]);
  }

  #list() {
    if (!this.#lists.has(this.#tab.id)) this.#lists.set(this.#tab.id, this.#tab.make());
    return /** @type {import("./tenant_lists.js").List} */ (this.#lists.get(this.#tab.id));
  }

  /** @param {typeof TABS[0]} tab */
  show(tab) {
    this.#tab = tab;
    fill(
      this.tabs,
      TABS.map((one) =>
        h(
          "button",
          {
            type: "button",
            role: "tab",
            class: "pane-tab",
            "aria-selected": String(one === tab),
            tabindex: one === tab ? "0" : "-1",
            onclick: () => this.show(one),
          },
          one.name,
        ),
      ),
    );
    this.panel.setAttribute("aria-label", tab.name);
    fill(this.panel, this.#list().node);
    this.#list().update();
  }

  #walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    this.show(TABS[(TABS.indexOf(this.#tab) + step + TABS.length) % TABS.length]);
    /** @type {HTMLElement} */ (this.tabs.querySelector("[aria-selected=true]")).focus();
  }

  #drawTitle() {
    const { displayName, domain } = state.entra.tenant;
    fill(
      this.title,
      h("h2", {}, "Entra tenant"),
      h("span", { class: "quiet" }, h("bdi", {}, displayName), domain ? ` · ${domain}` : ""),
    );
  }

  #drawStories() {
    const shown = state.stories.filter((one) => one.id !== NOT_HERE);
    keepingFocus(this.stories, () =>
      fill(
        this.stories,
        shown.map((one) => this.#storyButton(one)),
      ),
    );
  }

  #storyButton(story) {
    return h(
      "button",
      {
        type: "button",
        class: "b-button story",
        title: story.does,
        dataset: { story: story.id, action: `story-${story.id}` },
        "aria-busy": story.running ? "true" : null,
        onclick: () => {
          if (!story.running) void this.#play(story);
        },
      },
      h("span", { class: "b-button-words" }, story.title),
    );
  }

  async #play(story) {
    story.running = true;
    touch("stories");
    fill(this.said, `${story.title} …`);
    const answer = await post(`/api/stories/${story.id}`);
    story.running = false;
    touch("stories");
    void readEntra();
    const words = answer.said ?? answer.text ?? (answer.ok ? "Done." : "That did not work.");
    fill(this.said, words);
    announce(words);
  }

  /** @param {Set<string>} dirty */
  update(dirty) {
    if (dirty.has("stories")) this.#drawStories();
    if (dirty.has("entra/people")) this.#drawTitle();
    if (dirty.has("entra/budget")) this.meter.update();
    if (this.#tab.keys.some((key) => dirty.has(key))) this.#list().update();
  }
}
