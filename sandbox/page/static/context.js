// What blocks need from where they are shown: who reads, where clicks go, what was typed.

import { act } from "./api.js";
import { drawText } from "./blocks.js";
import { initial } from "./elements.js";

/** @typedef {import("./state.js").Slack} Slack */
/** @typedef {import("./seat.js").Seat} Seat */

/**
 * How ids are called for this person.
 * @param {Slack} slack
 * @returns {import("./mrkdwn.js").Reader}
 */
export function readerOf(slack) {
  return {
    me: slack.person.id,
    zone: slack.person.tz,
    person: (id) => nameOf(slack.people.get(id)),
    channel: (id) => slack.channels.get(id)?.name,
    group: (id) => slack.groups.get(id)?.handle,
  };
}

/** @param {import("./state.js").Person|undefined} person */
export function nameOf(person) {
  if (!person) return undefined;
  return person.is_bot ? person.name : person.real_name || person.name;
}

/**
 * @param {Seat} seat
 * @param {"message"|"modal"|"home"} surface
 * @param {any} where what a click carries: message_ts and channel, or view_id
 * @param {Map<string, any>} values
 * @param {Record<string, string>} [errors]
 * @param {any[]} [blocks] whose state travels with a click
 * @returns {import("./elements.js").Context}
 */
function contextFor(seat, surface, where, values, errors = {}, blocks = []) {
  const slack = seat.slack();
  const reader = readerOf(slack);
  return {
    reader,
    surface,
    values,
    errors,
    act: (element, block, value) =>
      act(seat.person, "click", {
        ...where,
        action_id: element.action_id,
        block_id: block.block_id,
        ...(value === undefined || value === null ? {} : { value }),
        values: nested(blocks, values),
      }),
    options: (element, block, query) =>
      act(seat.person, "options", {
        ...where,
        action_id: element.action_id,
        block_id: block.block_id,
        query,
      }),
    directory: () => ({ people: [...slack.people.values()], channels: [...slack.channels.values()] }),
    host: () => seat.node,
    words: (text) => drawText(text, reader),
  };
}

/**
 * @param {Seat} seat
 * @param {import("./state.js").Message} message
 */
export function messageContext(seat, message) {
  const where = { message_ts: message.ts, channel: message.channel };
  return contextFor(seat, "message", where, new Map(), {}, message.blocks);
}

/**
 * @param {Seat} seat
 * @param {any} view
 * @param {Map<string, any>} values
 * @param {Record<string, string>} errors
 */
export function viewContext(seat, view, values, errors) {
  return contextFor(seat, view.type, { view_id: view.id }, values, errors, view.blocks);
}

/**
 * `values` as requests carry them: by block id, then action id; starting values included.
 * @param {any[]} blocks
 * @param {Map<string, any>} values
 */
export function nested(blocks, values) {
  /** @type {Record<string, Record<string, any>>} */
  const made = {};
  for (const block of blocks) {
    for (const element of [block.element, block.accessory, ...(block.elements ?? [])]) {
      if (!element?.action_id || element.type === "button" || element.type === "overflow") continue;
      const key = `${block.block_id}/${element.action_id}`;
      const value = values.has(key) ? values.get(key) : initial(element);
      if (value !== undefined && value !== null) (made[block.block_id] ??= {})[element.action_id] = value;
    }
  }
  return made;
}
