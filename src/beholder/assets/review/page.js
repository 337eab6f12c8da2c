// The page of `beholder review`. No text of it (names of files, reasons, titles) is trusted: it reaches the document
// through el() and textContent only, never as markup. el(), byId() and the numbers as text are in page_elements.js and
// page_numbers.js, which all pages share.

import {HELP, LABELS, meaning} from "./keys.js";
import {
  beside, besideSeries, bestOf, ends, frame, here, inSeries, isDecided, leftOver, list, listedWith, membersOf, merge, pathOf, photoOf, recall, remember, state, targets, onward,
} from "./state.js";
import {converse, decide, send, waiting} from "./server.js";
import {say, toast} from "./toast.js";
import {FLAGS, decidedWords, labelSign, starWord, thousands} from "./words.js";
import {makeGrid} from "./grid.js";
import {makeLoupe} from "./loupe.js";
import {besidePane, choose, makeCompare, oneMore, replaceFramed} from "./compare.js";
import {makeStrip} from "./strip.js";
import {makeFilters} from "./filters.js";
import {makeExport} from "./export.js";

const VIEWS = ["grid", "loupe", "compare", "series"];
const STAGES = {scoring: "Scoring", grouping: "Finding series", measuring: "Measuring", done: "Done"};
const PAN = 120;  // px a key press moves a picture at 100%

const grid = makeGrid({click: clicked, open: (i) => { frame(i); show("loupe"); }});
const loupe = makeLoupe({draw, step: (by) => go(beside(by)), frame: go});
const compare = makeCompare({draw, frame: (i) => { if (state.at !== i) go(i); }});
const strip = makeStrip({frame: go, open: (i) => { frame(i); show("loupe"); }});
const filters = makeFilters({changed: relist, sized: () => grid.keepingPlace(() => remember())});
const dialog = makeExport();
let before = recall();  // what was on the screen before a reload
let capsLock = false;

// ---- what is drawn ---------------------------------------------------------------------------------------------------

function draw() {
  for (const view of VIEWS) byId(`${view}-view`).hidden = view !== state.view;
  document.body.dataset.view = state.view;
  for (const button of document.querySelectorAll(".views button")) button.setAttribute("aria-pressed", button.dataset.act === state.view);
  ({grid, loupe, compare, series: strip})[state.view].draw();
  drawDecide();
  drawCounts();
}

function drawCounts() {
  const total = state.photos.size;
  let left = 0;
  for (const photo of state.photos.values()) left += !isDecided(photo);
  byId("left").textContent = total === 0 ? "No photographs yet" : left === 0 ? `All ${thousands(total)} decided` : `${thousands(left)} of ${thousands(total)} left to decide`;
  byId("shown").textContent = state.list.length === total ? many(total, "photograph") : `${thousands(state.list.length)} of ${thousands(total)} shown`;
  const gone = leftOver();
  byId("refresh").hidden = gone === 0;
  byId("refresh").textContent = `Take away ${thousands(gone)} that ${gone === 1 ? "does" : "do"} not match any more`;
  byId("empty").hidden = state.list.length > 0 || state.about === null;
  byId("grid").classList.toggle("nothing", state.list.length === 0);
  byId("empty-text").textContent = total === 0 ? (state.about?.progress.stage === "done" ? "There are no photographs." : "The first photographs are on their way.")
    : left === 0 && state.filters.decided === "undecided" ? "Everything is decided." : "No photograph passes these filters.";
  byId("show-all").hidden = total === 0;
}

function drawState() {
  const {title, progress: {stage, done, total}, failed, undo, redo} = state.about;
  byId("title").textContent = title;
  document.title = `${title} \u2013 beholder review`;
  byId("progress").hidden = stage === "done";
  byId("stage").textContent = `${STAGES[stage] ?? stage} ${thousands(done)} of ${thousands(total)}`;
  Object.assign(byId("bar"), {max: Math.max(1, total), value: done});
  // Every second would be too often to say.
  say(stage === "done" ? "All photographs are scored." : `${STAGES[stage] ?? stage}, ${Math.floor(4 * done / Math.max(1, total)) * 25}%`);
  byId("failed").hidden = failed.length === 0;
  byId("failed").textContent = `${thousands(failed.length)} not readable`;
  byId("failed-rows").replaceChildren(...failed.map(({name, reason}) => el("tr", {}, el("td", {className: "file", textContent: name}), el("td", {className: "file", textContent: reason}))));
  for (const [id, what, word, keys] of [["undo", undo, "Undo", "Ctrl+Z"], ["redo", redo, "Redo", "Ctrl+Shift+Z"]]) {
    byId(id).disabled = !what;
    byId(id).title = what ? `${word}: ${what} (${keys})` : `${word} (${keys})`;
    byId(id).ariaLabel = what ? `${word}: ${what}` : word;
  }
}

function drawDecide() {
  const photos = targets();
  const [photo] = photos;
  byId("framed").replaceChildren(...(photos.length > 1 ? [el("b", {textContent: many(photos.length, "photograph")}), " framed"]
    : photo ? [el("b", {className: "file", textContent: photo.name}), el("span", {className: "dim", textContent: ` ${thousands((state.placeOf.get(photo.i) ?? 0) + 1)} of ${thousands(state.list.length)}`})] : ["Nothing is framed"]));
  const all = (key, value) => photos.length > 0 && photos.every((each) => each[key] === value);
  for (const button of byId("decide").querySelectorAll("button")) button.disabled = photos.length === 0 && button.id !== "advance";
  for (const [act, flag] of [["pick", "pick"], ["reject", "reject"], ["unflag", null]]) {
    byId("decide").querySelector(`[data-act=${act}]`).setAttribute("aria-pressed", all("flag", flag));
  }
  for (const button of byId("star-buttons").children) {
    const stars = Number(button.dataset.value);
    const given = photos.length ? Math.min(...photos.map((each) => each.stars ?? 0)) : 0;
    button.classList.toggle("given", stars > 0 && stars <= given);
    button.setAttribute("aria-pressed", stars === given);
  }
  for (const button of byId("label-buttons").children) button.setAttribute("aria-pressed", all("label", button.dataset.value));
  byId("keep").disabled = photos.length !== 1 || !inSeries(photo);
  byId("advance").setAttribute("aria-pressed", state.advance);
}

// ---- where one is ----------------------------------------------------------------------------------------------------

/** Frames a photograph, and shows it. */
function go(i) {
  if (i === null || i === undefined) return;
  const changed = i !== state.at || state.marked.size > 0;
  frame(i);
  if (state.view === "compare" && !state.panes.includes(i)) choose(Math.max(2, state.panes.length));
  if (state.view === "grid") grid.reveal();
  draw();
  if (changed && state.view !== "grid") say(`${here().name}, ${decidedWords(here()).join(", ") || "undecided"}`);
  remember();
}

function show(view) {
  if (!here() && view !== "grid") return;
  if (view === "compare") {
    if (state.view === "compare") oneMore();
    else choose();
  } else {
    if (view !== "grid") state.marked.clear();
  }
  if (view !== state.view) state.zoom.on = false;
  state.view = view;
  draw();
  if (view === "grid") {
    grid.reveal();
    byId("grid").focus({preventScroll: true});
  } else if (byId("grid").contains(document.activeElement)) {
    document.activeElement.blur();
  }
  remember();
}

/** A click frames; with Ctrl it adds, with Shift it adds all between. A finger opens. */
function clicked(i, event) {
  if (event.pointerType === "touch") {
    frame(i);
    show("loupe");
  } else if (event.shiftKey) {
    extend(i);
  } else if (event.ctrlKey || event.metaKey) {
    if (state.marked.size === 0 && state.at !== null) state.marked.add(state.at);
    if (state.marked.has(i) && state.marked.size > 1) {
      state.marked.delete(i);
      if (state.at === i) state.at = [...state.marked][0];
    } else {
      state.marked.add(i);
      state.at = i;
    }
    start = null;
    draw();
  } else {
    go(i);
  }
}

let start = null;  // where a row of marked photographs began

function extend(i) {
  if (i === null) return;
  if (start === null || state.marked.size === 0 || !state.placeOf.has(start)) start = state.at;
  const [from, to] = [state.placeOf.get(start), state.placeOf.get(i)].sort((a, b) => a - b);
  state.marked = new Set(state.list.slice(from, to + 1));
  state.at = i;
  grid.reveal();
  draw();
  say(many(state.marked.size, "photograph") + " framed");
}

function relist() {
  list();
  if (state.view !== "grid" && !here()) state.view = "grid";
  if (state.view === "compare") choose();
  filters.draw();
  draw();
  grid.reveal();
  remember();
}

// ---- decisions -------------------------------------------------------------------------------------------------------

const NAMES = {pick: "P", reject: "X", unflag: "U", keep: "Shift+P"};

/** What is decided must be in sight: a frame that was scrolled away is shown first. */
function inSight() {
  if (state.view === "grid" ? grid.sees(state.at) : state.view !== "series" || strip.sees()) return true;
  if (state.view === "grid") grid.reveal();
  toast(`${here().name} was out of sight. Now it is shown, and nothing was changed.`);
  return false;
}

function act(changes, key, said, {onward: goOn = true} = {}) {
  const photos = targets();
  if (!photos.length || !inSight()) return;
  const subject = photos.length > 1 ? many(photos.length, "photograph") : photos[0].name;
  decide(photos.map(({i}) => ({i, ...changes})), `${key} on ${subject}`);
  after(`${subject}: ${said}`, goOn && photos.length === 1, changes);
}

function after(text, goOn, changes = {}) {
  toast(text);
  const advance = goOn && (state.advance || capsLock);
  const replaced = state.view === "compare" && changes.flag === "reject" && goOn && replaceFramed();
  if (advance && !replaced && state.view !== "compare") go(onward());
  else draw();
  filtersSoon();
}

// Counting thousands again can wait until the picture is there.
let counting = 0;
function filtersSoon() {
  clearTimeout(counting);
  counting = setTimeout(filters.draw, 60);
}

function label(value) {
  const photos = targets();
  const taken = photos.length > 0 && photos.every((photo) => photo.label === value);
  act({label: taken ? null : value}, taken ? `no ${value}` : value, taken ? `${value} label taken away` : `${value} label`, {onward: false});
}

/** Picks the framed photograph and rejects the rest of its series. */
function keep() {
  const photo = here();
  if (!photo || targets().length !== 1 || !inSight()) return;
  const others = membersOf(photo).filter(({i}) => i !== photo.i);
  decide([{i: photo.i, flag: "pick"}, ...others.map(({i}) => ({i, flag: "reject"}))], `${NAMES.keep} on ${photo.name}`);
  const text = others.length ? `${photo.name}: picked; ${others.length === 1 ? "the other one" : `the other ${others.length}`} of its series rejected` : `${photo.name}: picked`;
  after(text, true);
}

/** Undo and redo frame what they changed, so that one sees it. */
function back(path, word) {
  send({path, on: ({what, photos}) => {
    if (!photos.length || !what) return toast(`Nothing to ${word.toLowerCase()}.`);
    toast(`${word === "Undo" ? "Undone" : "Done again"}: ${what}`);
    if (state.placeOf.has(photos[0].i)) go(photos[0].i);
    else draw();
    filters.draw();
  }});
}

// ---- keys and buttons ------------------------------------------------------------------------------------------------

const stageHere = () => (state.view === "loupe" ? loupe.stage : state.view === "compare" ? compare.stage() : null);

function zoom() {
  const stage = stageHere();
  if (stage) stage.toggle();
  else show("loupe");
}

/** Shift and an arrow: at 100% moves the picture, in the grid frames more. */
function more(dx, dy) {
  if (state.zoom.on && stageHere()) stageHere().move(dx * PAN, dy * PAN);
  else if (state.view === "grid") extend(beside(dx + dy * grid.columns()));
}

const sideways = (by) => go(state.view === "compare" ? besidePane(by) : beside(by));

function updown(by) {
  const to = besideSeries(by);
  if (to === state.at) return;
  if (state.view === "compare") {
    frame(to);
    choose(Math.max(2, state.panes.length));
  }
  go(to);
}

const ACTS = {
  previous: () => sideways(-1),
  next: () => sideways(1),
  "series before": () => updown(-1),
  "series after": () => updown(1),
  first: () => go(ends(-1)),
  last: () => go(ends(1)),
  "page up": () => go(beside(-grid.rows())),
  "page down": () => go(beside(grid.rows())),
  "more left": () => more(-1, 0),
  "more right": () => more(1, 0),
  "more up": () => more(0, -1),
  "more down": () => more(0, 1),
  pick: () => act({flag: "pick"}, NAMES.pick, FLAGS.pick.word),
  reject: () => act({flag: "reject"}, NAMES.reject, FLAGS.reject.word),
  unflag: () => act({flag: null}, NAMES.unflag, "no flag"),
  stars: (value) => act({stars: value}, starWord(value), starWord(value)),
  label,
  keep,
  undo: () => back("/api/undo", "Undo"),
  redo: () => back("/api/redo", "Redo"),
  zoom,
  map: () => {
    if (state.view !== "loupe" && state.view !== "compare") show("loupe");
    state.map = !state.map;
    draw();
  },
  info: () => { state.info = !state.info; draw(); remember(); },
  grid: () => show("grid"),
  loupe: () => show("loupe"),
  compare: () => show("compare"),
  series: () => show("series"),
  open: () => { if (state.view !== "loupe") show("loupe"); },
  back: () => {
    if (state.zoom.on && stageHere()) { state.zoom.on = false; draw(); }
    else if (state.view !== "grid") show("grid");
    else if (state.marked.size) go(state.at);
  },
  refresh: relist,
  help: () => byId("keys-box").showModal(),
  advance: () => { state.advance = !state.advance; drawDecide(); remember(); },
};
const AT_BUTTONS = new Set([" ", "Enter"]);  // press the button that has the focus
const WRITTEN = "input[type=search], input[type=text], select, textarea";  // keys are for them
const MOVED = "input";  // arrows are for them: sliders and choices

function pressed(event) {
  capsLock = event.getModifierState?.("CapsLock") ?? false;
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  const {target} = event;
  if (target.matches?.("input, select") && event.key === "Escape") return byId("grid").focus();
  if (target.matches?.(WRITTEN)) return;
  if (target.matches?.(MOVED) && (event.key.length > 1 || event.key === " ")) return;
  if (AT_BUTTONS.has(event.key) && target.closest?.("button, summary, a")) return;
  if (target.closest?.(".about") && ["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"].includes(event.key)) return;
  const found = meaning(event);
  if (found === null || (event.repeat && !/^(next|previous|series|page|more)/.test(found.act))) return;
  event.preventDefault();
  if (state.about) ACTS[found.act](found.value);
}

function listen() {
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-act]");
    if (!button || !state.about) return;
    const value = button.dataset.value;
    if (event.detail > 0) button.blur();  // after the mouse, keys are for the photographs again
    ACTS[button.dataset.act](button.dataset.act === "stars" ? Number(value) : value);
  });
  byId("star-buttons").append(...[1, 2, 3, 4, 5].map((stars) => actButton("stars", stars, starWord(stars), String(stars), "\u2605")));
  byId("star-buttons").prepend(actButton("stars", 0, "No stars", "0", "0"));
  byId("label-buttons").append(...LABELS.map((name, k) => actButton("label", name, `Label ${name}`, k < 4 ? String(6 + k) : "", labelSign({label: name}))));
  byId("export").addEventListener("click", () => dialog.open());
  byId("failed").addEventListener("click", () => byId("failed-box").showModal());
  byId("show-all").addEventListener("click", () => { byId("clear").click(); filters.change({decided: ""}); });
  const sheet = (open) => {
    document.body.classList.toggle("filtering", open);
    byId("show-filters").setAttribute("aria-expanded", open);
  };
  byId("show-filters").addEventListener("click", () => {
    const open = state.view !== "grid" || !document.body.classList.contains("filtering");
    if (open) show("grid");
    sheet(open);
  });
  byId("hide-filters").addEventListener("click", () => sheet(false));
  byId("keys").append(...HELP.flatMap(([keys, does]) => [el("dt", {textContent: keys}), el("dd", {textContent: does})]));
  for (const select of document.querySelectorAll(".filters select")) {
    select.addEventListener("pointerdown", () => { select.byPointer = true; });
    select.addEventListener("keydown", () => { select.byPointer = false; });
    select.addEventListener("change", () => { if (select.byPointer) byId("grid").focus({preventScroll: true}); });
  }
  addEventListener("beforeunload", (event) => { if (waiting()) event.preventDefault(); });
  addEventListener("pagehide", remember);
}

function actButton(does, value, ariaLabel, keys, content) {
  const button = el("button", {type: "button", ariaLabel, title: keys ? `${ariaLabel} (${keys})` : ariaLabel}, content);
  Object.assign(button.dataset, {act: does, value});
  if (keys) button.setAttribute("aria-keyshortcuts", keys);
  return button;
}

// ---- what the server says --------------------------------------------------------------------------------------------

/** The place before a reload is taken up when its photograph is there, or when no more will come. */
function takeUp() {
  if (before === null) return;
  const numbers = new Map(Array.from(state.photos.values(), (photo) => [pathOf(photo), photo.i]));
  const at = numbers.get(before.at);
  if (at === undefined) {
    if (state.about.progress.stage === "done") before = null;
    return;
  }
  if (!state.placeOf.has(at)) {
    state.list.push(at);  // it was decided since, and is still looked at
    list({keep: true});
  }
  frame(at);
  state.panes = before.panes.map((path) => numbers.get(path)).filter((i) => i !== undefined);
  state.view = before.view === "compare" && state.panes.length < 2 ? "loupe" : before.view;
  before = null;
  draw();
  grid.reveal();
}

const heard = {
  photos(photos) {
    if (!photos.length) return;
    const first = state.photos.size === 0;
    grid.keepingPlace(() => {
      merge(photos);
      list({keep: true});
    });
    if (first && state.list.length && state.at === state.list[0] && inSeries(here())) frame(bestOf(listedWith(here())));
    takeUp();
    draw();
  },
  state() {
    if (state.order === "taste" && !state.about.taste?.better) state.order = "score";
    drawState();
    filters.draw();
    takeUp();
    drawCounts();
  },
  away(error) {
    byId("away").hidden = error === null;
    if (error === null) {
      for (const view of [grid, loupe.stage, compare]) view.again();
      return void toast("The server is there again.");
    }
    const unsaved = waiting() ? ` ${many(waiting(), "decision")} not saved yet: keep this page open.` : "";
    const why = error.status === 401 ? "This page may not go on: open the link that beholder review printed last." : `${error.message} Trying again\u2009\u2026`;
    const text = why + unsaved;
    if (byId("away").textContent !== text) byId("away").textContent = text;
  },
  renumbered() {
    remember();
    location.reload();
  },
  refused(error, {body}) {
    toast(`Not saved${body ? ` (${body.what})` : ""}: ${error.message}`, {bad: true});
    draw();
  },
};

listen();
draw();
byId("grid").focus();
converse(heard);
