// The tenant's part of the state: people, policies, sign-ins, audits, what the bot asked of Graph.

const MOST = { sign_ins: 60, audits: 40, calls: 120 };

export function emptyEntra() {
  return {
    tenant: { displayName: "", domain: "" },
    /** @type {any[]} */ people: [],
    /** @type {any[]} */ policies: [],
    /** @type {any[]} */ sign_ins: [],
    /** @type {any[]} */ audits: [],
    /** @type {any[]} */ calls: [],
    budget: {
      bucket: "reports",
      limit: 5,
      window_s: 10,
      used: 0,
      frees_at: null,
      throttled: 0,
      throttling_until: null,
    },
  };
}

/**
 * Apply one event; false when it is not about the tenant.
 * @param {ReturnType<typeof emptyEntra>} entra
 * @param {any} event
 * @param {(...keys: string[]) => void} touch
 */
export function applyEntra(entra, event, touch) {
  const apply = EVENTS[event.kind];
  if (!apply) return false;
  apply(entra, event, touch);
  return true;
}

const EVENTS = {
  graph: (entra, event, touch) => {
    newest(entra.calls, event.call, "calls", "n");
    if (event.budget) entra.budget = event.budget;
    touch("entra/calls", "entra/budget");
  },
  entra_person: (entra, event, touch) => {
    replace(entra.people, event.person);
    touch("entra/people");
  },
  policy: (entra, event, touch) => {
    replace(entra.policies, event.policy);
    touch("entra/policies");
  },
  sign_in: (entra, event, touch) => {
    newest(entra.sign_ins, event.row, "sign_ins", "id");
    entra.sign_ins.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
    const person = entra.people.find((one) => one.id === event.row.user_id);
    if (person) person.last_sign_in = event.row;
    touch("entra/sign_ins", "entra/people");
  },
  audit: (entra, event, touch) => {
    newest(entra.audits, event.row, "audits", "id");
    touch("entra/audits");
  },
};

function newest(list, row, name, key) {
  const at = list.findIndex((one) => one[key] === row[key]);
  if (at >= 0) list[at] = row;
  else list.unshift(row);
  list.length = Math.min(list.length, MOST[name]);
}

function replace(list, row) {
  const at = list.findIndex((one) => one.id === row.id);
  if (at >= 0) list[at] = row;
  else list.push(row);
}
