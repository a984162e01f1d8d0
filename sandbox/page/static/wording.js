// What a person typed, as Slack's client sends it: escaped, with mentions and addresses as tokens. Pure.
// https://docs.slack.dev/messaging/formatting-message-text#escaping

/** @typedef {{id: string, name: string, real_name?: string}} Named */

const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const ADDRESS = /(^|[\s(,;])([\w.+'-]+@[\w-]+(?:\.[\w-]+)+)/g;
const LINK = /(^|[\s(])(https?:\/\/[^\s<>|]+)/g;

/**
 * Turn `@Hana Berg` and `@hana` into references.
 * @param {string} text
 * @param {Named[]} people
 * @param {(person: Named) => string} reference
 */
function mentions(text, people, reference) {
  const called = people.flatMap((person) =>
    [person.name, person.real_name ?? ""].map((name) => ({ name, person })),
  );
  called.sort((a, b) => b.name.length - a.name.length);
  let made = text;
  for (const { name, person } of called.filter((one) => one.name)) {
    const found = new RegExp(`(^|[\\s(])@${literal(escape(name))}(?![\\w])`, "giu");
    made = made.replace(found, (_, before) => `${before}${reference(person)}`);
  }
  return made;
}

/**
 * @param {string} text
 * @param {Named[]} people
 * @returns {string} a command's text
 */
export function commandText(text, people) {
  return mentions(escape(text.trim()), people, (one) => `<@${one.id}|${one.name}>`);
}

/**
 * @param {string} text
 * @param {Named[]} people
 * @returns {string} a message's text
 */
export function messageText(text, people) {
  const linked = escape(text.trim()).replace(LINK, "$1<$2>").replace(ADDRESS, "$1<mailto:$2|$2>");
  return mentions(linked, people, (one) => `<@${one.id}>`);
}
