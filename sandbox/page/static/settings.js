// What the reader chose: kept in this browser, and overruled by the address (`?theme=dark&people=U0HANA,U0OTTO`).

const address = new URLSearchParams(location.search);

/**
 * @param {"theme"|"people"|"pane"|"guide"} name
 * @param {string} otherwise
 */
export function kept(name, otherwise) {
  return address.get(name) ?? stored(name) ?? otherwise;
}

function stored(name) {
  try {
    return localStorage.getItem(`psso-page/${name}`);
  } catch {
    return null; // A browser may refuse to keep anything; then the page starts as new each time.
  }
}

/**
 * @param {"theme"|"people"|"pane"|"guide"} name
 * @param {string} value
 */
export function keep(name, value) {
  try {
    localStorage.setItem(`psso-page/${name}`, value);
  } catch {
    // As above: not kept.
  }
}

const THEMES = ["system", "light", "dark"];
let theme = "system";

/** @param {string} name system, light or dark */
export function setTheme(name) {
  theme = THEMES.includes(name) ? name : "system";
  document.documentElement.dataset.theme = theme;
}

/** Go on to the next theme and keep it. */
export function nextTheme() {
  setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
  keep("theme", theme);
}

/** @returns {string} the theme in a word */
export function themeWords() {
  return { system: "System", light: "Light", dark: "Dark" }[theme] ?? "System";
}
