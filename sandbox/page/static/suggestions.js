// What the composer offers while somebody types: slash commands, what follows them, and people.

/**
 * @typedef {object} Offer
 * @property {string} label
 * @property {string} detail
 * @property {string} insert what the text becomes
 * @property {boolean} eager Enter takes it even when no arrow key was pressed
 */

/**
 * @param {string} text all that was typed
 * @param {number} caret
 * @param {{commands: any[], people: {id: string, name: string, real_name: string, role_label?: string}[]}} known
 * @returns {Offer[]}
 */
export function offers(text, caret, known) {
  const word = /(^|\s)@([\p{L}\p{N}._-]*)$/u.exec(text.slice(0, caret));
  if (word) return peopleOffers(text, caret, word[2], known.people);
  return text.startsWith("/") && !text.includes("\n") ? commandOffers(text, known.commands) : [];
}

function commandOffers(text, commands) {
  const space = text.indexOf(" ");
  if (space < 0) {
    return commands
      .filter((one) => one.command.startsWith(text.toLowerCase()))
      .map((one) => ({
        label: `${one.command} ${one.usage_hint ?? ""}`.trim(),
        detail: one.description ?? "",
        insert: `${one.command} `,
        eager: text !== one.command,
      }));
  }
  const command = commands.find((one) => one.command === text.slice(0, space));
  const rest = text.slice(space + 1).toLowerCase();
  const hints = (command?.hints ?? []).filter((hint) => {
    const verb = hint.text.split(" ")[0].toLowerCase();
    return verb.startsWith(rest.trim()) && rest.trim() !== hint.text && !rest.startsWith(`${verb} `);
  });
  return hints.map((hint) => {
    const [verb, ...more] = hint.text.split(" ");
    return {
      label: `${command.command} ${hint.text}`,
      detail: hint.does ?? "",
      insert: `${command.command} ${verb}${more.length ? " " : ""}`,
      eager: false,
    };
  });
}

function peopleOffers(text, caret, query, people) {
  const wanted = query.toLowerCase();
  const found = people.filter((one) =>
    `${one.name} ${one.real_name}`
      .toLowerCase()
      .split(/[\s.]+/)
      .some((part) => part.startsWith(wanted)),
  );
  return found.slice(0, 8).map((one) => ({
    label: `@${one.real_name || one.name}`,
    detail: one.role_label ?? "",
    eager: true,
    insert: `${text.slice(0, caret - query.length - 1)}@${one.real_name || one.name} ${text.slice(caret)}`,
  }));
}
