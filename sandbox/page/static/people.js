// Who sits in a column: the switcher over it.

import { avatar, fill, h, icon, iconButton } from "./dom.js";
import { nameOf } from "./context.js";
import { openMenu } from "./menu.js";
import { keepingFocus } from "./redraw.js";

/**
 * @param {import("./seat.js").Seat} seat
 * @param {{switchTo: (person: string) => void, close: () => void, closable: () => boolean}} how
 * @returns {{node: HTMLElement, update: () => void}}
 */
export function personSwitcher(seat, how) {
  const node = h("div", { class: "seat-head" });
  const update = () => {
    const { person } = seat.slack();
    const face = h(
      "button",
      {
        type: "button",
        class: "seat-person",
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        dataset: { action: "switch-person" },
        "aria-label": `You are ${nameOf(person)}, ${person.role_label}. Be somebody else`,
        onclick: () => choose(seat, face, how.switchTo),
      },
      avatar(person.id, nameOf(person) ?? person.id),
      h(
        "span",
        { class: "seat-words" },
        h("bdi", { class: "seat-name" }, nameOf(person)),
        h("span", { class: `seat-role role-${person.role.replace(/\s/g, "-")}` }, person.role_label),
      ),
      icon("chevron", 15),
    );
    keepingFocus(node, () =>
      fill(
        node,
        face,
        h("span", { class: "grow" }),
        how.closable() && iconButton("close", `Close ${nameOf(person)}'s column`, how.close),
      ),
    );
  };
  return { node, update };
}

function choose(seat, anchor, switchTo) {
  const { people, cast } = seat.slack();
  const others = [...people.values()].filter((one) => !cast.includes(one.id) && !one.is_bot && !one.deleted);
  const item = (id) => {
    const one = people.get(id);
    return {
      label: nameOf(one) ?? id,
      detail: one?.role_label,
      picture: avatar(id, nameOf(one) ?? id),
      checked: id === seat.person,
      run: () => switchTo(id),
    };
  };
  openMenu(
    anchor,
    [
      { label: "Be somebody else", heading: true },
      ...cast.filter((id) => people.has(id)).map(item),
      ...(others.length ? [{ label: "Also in this workspace", heading: true }] : []),
      ...others.map((one) => item(one.id)),
    ],
    { label: "People" },
  );
}
