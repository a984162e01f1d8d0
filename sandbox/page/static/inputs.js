// Fields and choices: text, numbers, dates, boxes, and selects of every source.
// Each draws itself from (element, start value, onchange, context, labelledby, block) and reports plain values:
// a string, an option's value, an id, or a list of them.

import { h, uid } from "./dom.js";
import { picker } from "./picker.js";
import { plain } from "./elements.js";

/** @typedef {import("./elements.js").Context} Context */

function field(kind, attrs = {}) {
  return (element, start, onchange, _context, labelledby) => {
    const tag = element.multiline ? "textarea" : "input";
    const node = /** @type {HTMLInputElement} */ (
      h(tag, {
        class: `field ${element.multiline ? "field-lines" : ""}`,
        type: element.multiline ? null : kind,
        rows: element.multiline ? 4 : null,
        placeholder: element.placeholder ? plain(element.placeholder) : null,
        maxlength: element.max_length ?? null,
        "aria-labelledby": labelledby ?? null,
        "aria-label": labelledby ? null : plain(element.placeholder) || "Text",
        dir: "auto",
        "data-autofocus": element.focus_on_load ? "" : null,
        autocomplete: "off",
        ...attrs,
      })
    );
    node.value = start ?? "";
    node.addEventListener("input", () => onchange(node.value, false));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !element.multiline && !event.isComposing) onchange(node.value, true);
    });
    return node;
  };
}

function moment(kind) {
  return (element, start, onchange, _context, labelledby) => {
    const node = /** @type {HTMLInputElement} */ (
      h("input", {
        type: kind,
        class: "field field-moment",
        "aria-labelledby": labelledby ?? null,
        "aria-label": labelledby ? null : plain(element.placeholder) || "Choose",
      })
    );
    node.value = start ?? "";
    node.addEventListener("change", () => onchange(node.value || null));
    return node;
  };
}

/** A date and a time as Unix seconds. */
function dateTime(element, start, onchange, _context, labelledby) {
  const node = /** @type {HTMLInputElement} */ (
    h("input", {
      type: "datetime-local",
      class: "field field-moment",
      "aria-labelledby": labelledby ?? null,
      "aria-label": labelledby ? null : "Date and time",
    })
  );
  const pad = (number) => String(number).padStart(2, "0");
  if (start) {
    const at = new Date(Number(start) * 1000);
    node.value = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
  }
  node.addEventListener("change", () =>
    onchange(node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null),
  );
  return node;
}

function boxes(kind) {
  return (element, start, onchange, context, labelledby) => {
    const name = uid("box"),
      several = kind === "checkbox";
    const chosen = new Set(several ? (start ?? []) : start === undefined || start === null ? [] : [start]);
    const rows = (element.options ?? []).map((option) => {
      const box = h("input", {
        type: kind,
        name,
        props: { checked: chosen.has(option.value) },
        onchange: () => {
          if (!several) chosen.clear();
          const on = /** @type {HTMLInputElement} */ (box).checked;
          chosen[on ? "add" : "delete"](option.value);
          const values = element.options.map((one) => one.value).filter((one) => chosen.has(one));
          onchange(several ? values : (values[0] ?? null));
        },
      });
      return h(
        "label",
        { class: "box", dir: "auto" },
        box,
        h(
          "span",
          {},
          h("span", { class: "box-label" }, context.words(option.text)),
          option.description && h("span", { class: "box-detail" }, context.words(option.description)),
        ),
      );
    });
    return h(
      "div",
      { class: "boxes", role: several ? "group" : "radiogroup", "aria-labelledby": labelledby ?? null },
      rows,
    );
  };
}

/** Options that came with the element. */
function fixed(element) {
  const grouped = (element.option_groups ?? []).flatMap((group) =>
    group.options.map((option) => ({ ...choice(option), group: plain(group.label) })),
  );
  return [...(element.options ?? []).map(choice), ...grouped];
}

function choice(option) {
  return {
    value: option.value,
    label: plain(option.text),
    detail: option.description ? plain(option.description) : undefined,
  };
}

const matching = (choices, query) => {
  const wanted = query.toLowerCase();
  return choices.filter(
    (one) => !wanted || `${one.label} ${one.detail ?? ""}`.toLowerCase().includes(wanted),
  );
};

/**
 * A select; `source` returns what can be found, how values are called, and what is sent for one (`pack`).
 * @param {boolean} several
 * @param {(element: any, context: Context, block: any) => {find: (query: string) => any, name: (value: string) => string,
 *          pack?: (value: string) => any}} source
 */
function select(several, source) {
  return (element, start, onchange, context, labelledby, block) => {
    const { find, name, pack = (value) => value } = source(element, context, block);
    const begun = several ? (start ?? []) : start === undefined || start === null ? [] : [start];
    const chosen = begun.map((one) => one?.value ?? one);
    return picker({
      label: plain(element.placeholder) || "Choose",
      labelledby,
      placeholder: plain(element.placeholder) || "Choose an option",
      several,
      most: element.max_selected_items,
      chosen,
      find,
      name,
      onchoose: (values) => onchange(several ? values.map(pack) : values.length ? pack(values[0]) : null),
    });
  };
}

const STATIC = (element) => {
  const all = fixed(element);
  return {
    find: (query) => matching(all, query),
    name: (value) => all.find((one) => one.value === value)?.label ?? value,
  };
};

const PEOPLE = (_element, context) => ({
  find: (query) =>
    matching(
      context
        .directory()
        .people.filter((one) => !one.deleted)
        .map((one) => ({ value: one.id, label: one.real_name || one.name, detail: `@${one.name}` })),
      query,
    ),
  name: (value) => context.directory().people.find((one) => one.id === value)?.real_name ?? value,
});

const CHANNELS = (element, context) => ({
  find: (query) =>
    matching(
      context
        .directory()
        .channels.filter((one) => allowed(element.filter, one))
        .map((one) => ({ value: one.id, label: one.kind === "dm" ? one.name : `#${one.name}` })),
      query,
    ),
  name: (value) => {
    const found = context.directory().channels.find((one) => one.id === value);
    return found ? `#${found.name}` : value;
  },
});

function allowed(filter, channel) {
  if (filter?.exclude_external_shared_channels && channel.shared_outside) return false;
  const kind = { dm: "im", private: "private", channel: "public" }[channel.kind];
  return filter?.include ? filter.include.includes(kind) : channel.kind !== "dm";
}

/** Options the app is asked for while somebody types; only the page knows them afterwards, so they travel whole. */
const EXTERNAL = (element, context, block) => {
  const known = new Map();
  const learn = (option) => {
    if (option) known.set(option.value, option);
  };
  [element.initial_option, ...(element.initial_options ?? [])].forEach(learn);
  const chosen = context.values.get(`${block.block_id}/${element.action_id}`);
  [chosen].flat().forEach((one) => {
    if (one?.value) learn(one);
  });
  return {
    find: async (query) => {
      if (query.length < (element.min_query_length ?? 3)) return [];
      const answer = await context.options(element, block, query);
      [
        ...(answer?.options ?? []),
        ...(answer?.option_groups ?? []).flatMap((group) => group.options),
      ].forEach(learn);
      return fixed(answer ?? {});
    },
    name: (value) => (known.has(value) ? plain(known.get(value).text) : value),
    pack: (value) => known.get(value) ?? value,
  };
};

/** By element type. @type {Record<string, (...args: any[]) => Node>} */
export const INPUTS = {
  plain_text_input: field("text"),
  email_text_input: field("email"),
  url_text_input: field("url"),
  number_input: field("text", { inputmode: "decimal" }),
  datepicker: moment("date"),
  timepicker: moment("time"),
  datetimepicker: dateTime,
  checkboxes: boxes("checkbox"),
  radio_buttons: boxes("radio"),
  static_select: select(false, STATIC),
  multi_static_select: select(true, STATIC),
  external_select: select(false, EXTERNAL),
  multi_external_select: select(true, EXTERNAL),
  users_select: select(false, PEOPLE),
  multi_users_select: select(true, PEOPLE),
  conversations_select: select(false, CHANNELS),
  multi_conversations_select: select(true, CHANNELS),
  channels_select: select(false, CHANNELS),
  multi_channels_select: select(true, CHANNELS),
};
