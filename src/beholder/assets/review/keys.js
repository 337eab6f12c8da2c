// What a key means. Nothing here knows the page, so that it can be tested alone.

export const LABELS = ["red", "yellow", "green", "blue", "purple"];
const LABEL_KEYS = {6: "red", 7: "yellow", 8: "green", 9: "blue"};

const LETTERS = {
  p: "pick", x: "reject", u: "unflag", z: "zoom", c: "compare", g: "grid", e: "loupe", s: "series", m: "map", i: "info", r: "refresh",
};
const NAMED = {
  ArrowLeft: "previous", ArrowRight: "next", ArrowUp: "series before", ArrowDown: "series after", Home: "first", End: "last",
  PageUp: "page up", PageDown: "page down", " ": "zoom", Enter: "open", Escape: "back", "?": "help",
};
const WITH_SHIFT = {
  ArrowLeft: "more left", ArrowRight: "more right", ArrowUp: "more up", ArrowDown: "more down",
};

// For people: the keys, and what they do. The dialog of `?` and nothing else is made of it.
export const HELP = [
  ["\u2190 \u2192", "the photograph before or after"],
  ["\u2191 \u2193", "the series before or after, at its suggested best"],
  ["Home End, Page Up Page Down", "first and last, a screen up or down"],
  ["1 to 5, 0", "stars, no stars"],
  ["P X U", "pick, reject, no flag"],
  ["Shift+P", "pick this one and reject the rest of its series"],
  ["6 7 8 9", "label red, yellow, green, blue; once more takes it away"],
  ["Z or Space", "100% where the pointer is, and back"],
  ["G E C S", "grid, loupe, compare (again: one more, up to 4), series"],
  ["Enter, Escape", "open in the loupe, back to the grid"],
  ["Shift+arrows", "grid: frame more photographs; at 100%: move the picture"],
  ["M, I", "where in the picture the score comes from; numbers beside the picture"],
  ["R", "take from the list what no longer matches the filters"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"],
  ["Caps Lock", "while it is on, go on after each decision"],
  ["?", "these keys"],
];

/** The letter on a key, also on a keyboard of another alphabet; digits also where they need Shift. */
function character({key, code = ""}) {
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code);
  if (digit && key.length === 1 && key !== "?") return digit[1];
  if (/^[a-z0-9?]$/i.test(key)) return key.toLowerCase();
  return key.length === 1 && key > "\u007f" && code.startsWith("Key") ? code[3].toLowerCase() : key;
}

/** What is to be done: `{act, value}`, or null for a key that means nothing here. */
export function meaning(event) {
  const key = character(event);
  if (event.altKey) return null;
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return {act: event.shiftKey ? "redo" : "undo"};
    return key === "y" ? {act: "redo"} : null;
  }
  if (event.shiftKey && key === "p") return {act: "keep"};
  if (event.shiftKey && Object.hasOwn(WITH_SHIFT, key)) return {act: WITH_SHIFT[key]};
  if (/^[0-5]$/.test(key)) return {act: "stars", value: Number(key)};
  if (Object.hasOwn(LABEL_KEYS, key)) return {act: "label", value: LABEL_KEYS[key]};
  if (Object.hasOwn(LETTERS, key)) return {act: LETTERS[key]};
  return Object.hasOwn(NAMED, key) ? {act: NAMED[key]} : null;
}
