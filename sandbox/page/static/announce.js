// What a screen reader says by itself: the newest thing, at most once a second.

/** @type {string} */
let waiting = "";
let timer = 0;

/** @param {string} words */
export function announce(words) {
  waiting = words;
  if (timer) return;
  timer = window.setTimeout(() => {
    timer = 0;
    const node = document.getElementById("announcer");
    if (node) node.textContent = waiting;
  }, 1000);
}
