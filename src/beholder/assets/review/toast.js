// One line at the bottom says what was just done, for eyes and for screen readers.

let timer = 0;

export function toast(text, {bad = false} = {}) {
  const line = byId("toast");
  line.textContent = text;
  line.classList.toggle("bad", bad);
  line.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => line.classList.remove("shown"), bad ? 12000 : 4000);
}

/** For screen readers only. */
export function say(text) {
  if (byId("said").textContent !== text) byId("said").textContent = text;
}
