// What somebody presses is not replaced under their hand: a control that is drawn anew between press and release
// loses the click, so drawing waits until it is let go.

const LONGEST_MS = 5000; // a release that is never heard of holds nothing up for ever
const LOOK_AGAIN_MS = 30;

let pressedAt = -Infinity,
  composing = false;

const press = () => {
  pressedAt = performance.now();
};
const release = () => {
  pressedAt = -Infinity;
};

document.addEventListener("pointerdown", press, true);
for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, release, true);
// Over a scrollbar or outside the window a release is not told; the next movement shows it.
document.addEventListener("pointermove", (event) => !event.buttons && release(), true);
document.addEventListener("keydown", (event) => event.key === " " && !event.repeat && press(), true);
document.addEventListener("keyup", (event) => event.key === " " && release(), true);
document.addEventListener("compositionstart", () => (composing = true), true);
document.addEventListener("compositionend", () => (composing = false), true);

/** Whether a control is being pressed. */
export function isHeld() {
  return performance.now() - pressedAt < LONGEST_MS;
}

/** Whether a word is being composed (input methods of Chinese, Japanese, Korean, dead keys). */
export function isComposing() {
  return composing;
}

/**
 * Go on once nothing is pressed; at once when nothing is.
 * @param {() => void} then
 */
export function onceLetGo(then) {
  if (isHeld()) window.setTimeout(() => onceLetGo(then), LOOK_AGAIN_MS);
  else then();
}
