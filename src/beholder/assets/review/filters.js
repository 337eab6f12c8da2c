// What is listed, and in which order: controls that hold `state.filters` and `state.order`.

import {ALL, NO_FILTERS, isDecided, kindOf, scoreOf, state} from "./state.js";
import {KINDS_MANY, SUGGESTIONS, capitals, overallTask, thousands} from "./words.js";
import {LABELS} from "./keys.js";

const BINS = 30, STEPS = 60;
const DECIDED = [["undecided", "Undecided"], [ALL, "All"], ["pick", "\u2713 Picks"], ["reject", "\u00d7 Rejected"], ["decided", "Decided"]];
const SELECTS = ["stars", "label", "kind", "suggestion", "camera", "day"];

export function makeFilters(on) {
  let range = null;  // of the scores, as the histogram shows it

  function change(changes) {
    Object.assign(state.filters, changes);
    on.changed();
  }

  function draw() {
    const photos = [...state.photos.values()];
    drawDecided(photos);
    drawSelects(photos);
    drawOrder();
    drawScores(photos);
    if (document.activeElement !== byId("search")) byId("search").value = state.filters.search;
    const used = Object.keys(NO_FILTERS).filter((name) => name !== "decided" && state.filters[name] !== NO_FILTERS[name]).length;
    byId("clear").disabled = used === 0;
    byId("show-filters").textContent = used ? `Filters (${used})` : "Filters";
    byId("size").value = state.size;
  }

  function drawDecided(photos) {
    const counts = {undecided: 0, [ALL]: photos.length, pick: 0, reject: 0, decided: 0};
    for (const photo of photos) {
      counts[isDecided(photo) ? "decided" : "undecided"] += 1;
      if (photo.flag) counts[photo.flag] += 1;
    }
    const root = byId("decided");
    if (!root.children.length) {
      root.append(...DECIDED.map(([value, title]) => el("label", {}, el("input", {type: "radio", name: "decided", value, onchange: () => change({decided: value})}),
        el("span", {}, title, " ", el("small", {})))));
    }
    DECIDED.forEach(([value], k) => {
      const [input, text] = root.children[k].children;
      input.checked = state.filters.decided === value;
      text.lastChild.textContent = thousands(counts[value]);
    });
  }

  function drawSelects(photos) {
    const counted = (value) => {
      const counts = new Map();
      for (const photo of photos) counts.set(value(photo), (counts.get(value(photo)) ?? 0) + 1);
      return counts;
    };
    const options = {
      stars: [[ALL, "Any"], ...[5, 4, 3, 2, 1].map((n) => [String(n), `${"\u2605".repeat(n)}${n < 5 ? " and more" : ""}`]), ["none", "No stars"]],
      label: [[ALL, "Any"], ...LABELS.map((label) => [label, capitals(label)]), ["none", "No label"]],
      kind: [[ALL, "All kinds"], ...found(counted(kindOf), (kind) => KINDS_MANY[kind] ?? capitals(kind))],
      suggestion: [[ALL, "Any"], ...Object.entries(SUGGESTIONS).map(([value, {sign, word}]) => [value, `${sign} ${word}`])],
      camera: [[ALL, "All cameras"], ...found(counted(({camera}) => camera || ""), (camera) => camera)],
      day: [[ALL, "All days"], ...found(counted(({day}) => day ?? ""), (day) => day)],
    };
    for (const name of SELECTS) {
      const select = byId(name), text = JSON.stringify(options[name]);
      if (state.filters[name] !== ALL && !options[name].some(([value]) => value === state.filters[name])) options[name].push([state.filters[name], state.filters[name]]);
      if (select.drawn !== text) {
        select.drawn = text;
        select.replaceChildren(...options[name].map(([value, textContent]) => el("option", {value, textContent})));
      }
      select.value = state.filters[name];
      select.parentElement.hidden = ["camera", "day", "kind"].includes(name) && options[name].length < 3 && state.filters[name] === ALL;
    }
  }

  const found = (counts, name) => [...counts].filter(([value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1)).map(([value, count]) => [value, `${name(value)} (${thousands(count)})`]);

  // The personal order is offered where it is the better one; the line says how good it is in any case.
  function drawOrder() {
    const {taste} = state.about;
    const select = byId("order");
    const orders = [["capture", "Capture time"], ["score", capitals(words(overallTask()))], ...(taste?.better ? [["taste", "Your taste"]] : [])];
    const text = JSON.stringify(orders);
    if (select.drawn !== text) {
      select.drawn = text;
      select.replaceChildren(...orders.map(([value, textContent]) => el("option", {value, textContent})));
    }
    select.value = state.order;
    byId("taste").hidden = !taste?.line;
    byId("taste").textContent = taste?.line ?? "";
  }

  function drawScores(photos) {
    const values = photos.map(scoreOf).filter((value) => value !== null);
    const task = overallTask();
    byId("score-legend").textContent = capitals(words(task));
    const field = byId("least").closest("fieldset");
    field.hidden = values.length < 2;
    if (field.hidden) return;
    const step = (task.high - task.low) / 12;
    let low = Infinity, high = -Infinity;
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    range = [Math.floor(low / step) * step, Math.max(Math.ceil(high / step), Math.floor(low / step) + 1) * step];
    const counts = new Array(BINS).fill(0);
    const portionOf = (value) => (value - range[0]) / (range[1] - range[0]);
    for (const value of values) counts[Math.min(BINS - 1, Math.floor(BINS * portionOf(value)))] += 1;
    const most = Math.max(...counts);
    const {least, most: top} = state.filters;
    const ends = [least === null ? 0 : portionOf(least), top === null ? 1 : portionOf(top)];
    const bars = byId("histogram");
    while (bars.children.length < BINS) bars.append(document.createElementNS("http://www.w3.org/2000/svg", "rect"));
    counts.forEach((count, k) => {
      const height = count && Math.max(.4, 10 * count / most), middle = (k + .5) / BINS;
      for (const [name, value] of [["x", k + .08], ["y", 10 - height], ["width", .84], ["height", height]]) bars.children[k].setAttribute(name, value);
      bars.children[k].setAttribute("class", middle >= ends[0] && middle <= ends[1] ? "in" : "out");
    });
    const between = `${shown(least ?? range[0], task)} to ${shown(top ?? range[1], task)}`;
    bars.setAttribute("aria-label", `How many photographs have which score, from ${shown(range[0], task)} to ${shown(range[1], task)}`);
    byId("score-range").textContent = least === null && top === null ? `${between}: all` : between;
    for (const [name, value] of [["least", ends[0]], ["most", ends[1]]]) {
      const input = byId(name);
      if (document.activeElement === input && input.held) continue;
      Object.assign(input, {min: 0, max: STEPS, step: 1, value: Math.round(STEPS * value)});
      input.setAttribute("aria-valuetext", shown(range[0] + input.value / STEPS * (range[1] - range[0]), task));
    }
  }

  function rangeChanged(name) {
    const least = byId("least"), most = byId("most");
    if (Number(least.value) > Number(most.value)) (name === "least" ? most : least).value = byId(name).value;
    const value = (input, end) => (Number(input.value) === end ? null : range[0] + input.value / STEPS * (range[1] - range[0]));
    change({least: value(least, 0), most: value(most, STEPS)});
  }

  for (const name of SELECTS) byId(name).addEventListener("change", (event) => change({[name]: event.target.value}));
  for (const name of ["least", "most"]) byId(name).addEventListener("input", () => rangeChanged(name));
  byId("search").addEventListener("input", (event) => change({search: event.target.value}));
  byId("order").addEventListener("change", (event) => { state.order = event.target.value; on.changed(); });
  byId("clear").addEventListener("click", () => { byId("search").value = ""; change({...NO_FILTERS, decided: state.filters.decided}); });
  byId("size").addEventListener("input", (event) => { state.size = Number(event.target.value); on.sized(); });
  return {draw, change};
}
