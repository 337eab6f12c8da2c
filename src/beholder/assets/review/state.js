// What this window knows: the photographs, which of them are listed, and which are framed.

export const ALL = "";  // of a filter: nothing is left out

export const NO_FILTERS = {search: "", decided: ALL, stars: ALL, label: ALL, kind: ALL, suggestion: ALL, camera: ALL, day: ALL, least: null, most: null};

export const state = {
  about: null,  // the last answer of /api/state
  version: 0,  // of the photographs that are known here
  photos: new Map(),  // number -> photograph
  series: new Map(),  // series -> its photographs, in order of capture
  filters: {...NO_FILTERS, decided: "undecided"},
  order: "capture",
  list: [],  // numbers of the photographs that are listed, in order
  placeOf: new Map(),  // number -> place in the list
  at: null,  // number of the photograph that is framed
  marked: new Set(),  // more of them in the grid; empty where one is framed
  view: "grid",
  panes: [],  // numbers in the view `compare`
  zoom: {on: false, x: .5, y: .5},  // the middle of what is seen, as a part of the picture
  map: false,
  info: true,
  advance: false,
  size: 210,
};

export const photoOf = (i) => state.photos.get(i);
export const here = () => photoOf(state.at);
export const isDecided = ({flag, stars}) => flag !== null || stars > 0;
export const pathOf = ({folder, name}) => (folder ? `${folder}/${name}` : name);
export const groupOf = (photo) => (photo.series === null ? `alone ${photo.i}` : photo.series);
export const membersOf = (photo) => state.series.get(groupOf(photo)) ?? [photo];
export const kindOf = (photo) => (membersOf(photo).length === 1 ? "single" : photo.kind ?? "series");
export const inSeries = (photo) => membersOf(photo).length > 1;
export const scoreOf = ({scores}) => scores?.overall ?? null;

/** What decisions act on: what is framed where one can see it. */
export function targets() {
  if (state.view === "grid" && state.marked.size > 1) return state.list.filter((i) => state.marked.has(i)).map(photoOf);
  return here() ? [here()] : [];
}

/** Takes photographs that are new or changed. Nothing leaves the list by it, so that nothing moves from under the frame. */
export function merge(photos) {
  if (!photos.length) return;
  const grouping = photos.some((photo) => photoOf(photo.i)?.series !== photo.series || !state.photos.has(photo.i));
  for (const photo of photos) state.photos.set(photo.i, photo);
  if (grouping) group();
  else for (const photo of photos) replace(photo);
}

function replace(photo) {
  const members = membersOf(photo);
  members.splice(members.findIndex(({i}) => i === photo.i), 1, photo);
}

function group() {
  state.series.clear();
  for (const photo of state.photos.values()) {
    const key = groupOf(photo);
    if (state.series.has(key)) state.series.get(key).push(photo);
    else state.series.set(key, [photo]);
  }
  for (const members of state.series.values()) if (members.length > 1) members.sort(byCapture);
}

// Unknown times, ranks and scores go last.
const compared = (a, b) => (a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1);
const byCapture = (a, b) => compared(a.captured, b.captured) || a.i - b.i;
const byRank = (a, b) => compared(a.rank, b.rank) || byCapture(a, b);
const descending = (value) => (a, b) => (a === null) - (b === null) || b - a;

export function matches(photo, filters = state.filters) {
  const {decided, stars, label, least, most} = filters;
  const given = {undecided: () => !isDecided(photo), decided: () => isDecided(photo), pick: () => photo.flag === "pick", reject: () => photo.flag === "reject"};
  if (decided !== ALL && !given[decided]()) return false;
  if (stars !== ALL && (stars === "none" ? photo.stars > 0 : (photo.stars ?? 0) < Number(stars))) return false;
  if (label !== ALL && (photo.label ?? "none") !== label) return false;
  if (filters.kind !== ALL && kindOf(photo) !== filters.kind) return false;
  for (const name of ["suggestion", "camera", "day"]) if (filters[name] !== ALL && (photo[name] ?? "") !== filters[name]) return false;
  const score = scoreOf(photo);
  if (least !== null && !(score !== null && score >= least)) return false;
  if (most !== null && !(score !== null && score <= most)) return false;
  const terms = filters.search.normalize("NFC").toLowerCase().split(/\s+/).filter(Boolean);
  if (!terms.length) return true;
  const text = pathOf(photo).normalize("NFC").toLowerCase();
  return terms.every((term) => text.includes(term));
}

let lost = null;  // what was framed before it left the list

/** Lists what passes the filters, each series together. `keep`: what is listed stays, though it passes no more. */
export function list({keep = false} = {}) {
  const kept = keep ? new Set(state.list) : new Set();
  const groups = [];
  for (const members of state.series.values()) {
    const passing = members.filter((photo) => kept.has(photo.i) || matches(photo));
    if (passing.length) groups.push({members, passing});
  }
  if (state.order === "capture") {
    groups.sort((a, b) => byCapture(a.members[0], b.members[0]));
  } else {
    const value = state.order === "taste" ? ({taste}) => taste : scoreOf;
    const best = (members) => members.reduce((most, photo) => Math.max(most ?? -Infinity, value(photo) ?? -Infinity), null);
    for (const entry of groups) {
      entry.best = best(entry.members);
      entry.passing = [...entry.passing].sort(byRank);
    }
    groups.sort((a, b) => descending()(a.best, b.best) || byCapture(a.members[0], b.members[0]));
  }
  const after = state.list.slice(state.placeOf.get(state.at) ?? 0), before = state.list;
  state.list = groups.flatMap(({passing}) => passing.map(({i}) => i));
  state.placeOf = new Map(state.list.map((i, place) => [i, place]));
  for (const i of state.marked) if (!state.placeOf.has(i)) state.marked.delete(i);
  if (state.placeOf.has(state.at)) return;
  if (state.at !== null) lost = state.at;
  frame(state.placeOf.has(lost) ? lost : after.find((i) => state.placeOf.has(i)) ?? before.findLast((i) => state.placeOf.has(i)) ?? state.list[0] ?? null);
}

/** How many in the list no longer pass the filters. */
export const leftOver = () => state.list.reduce((sum, i) => sum + !matches(photoOf(i)), 0);

export function frame(i) {
  state.at = i;
  state.marked.clear();
}

// ---- where the frame goes --------------------------------------------------------------------------------------------

const place = () => state.placeOf.get(state.at) ?? 0;
const within = (to) => state.list[Math.min(state.list.length - 1, Math.max(0, to))] ?? null;

export const beside = (by) => within(place() + by);
export const ends = (by) => within(by < 0 ? 0 : state.list.length - 1);

/** Of the series before or after the one that is framed: the frame that is suggested first. */
export function besideSeries(by) {
  if (!here()) return state.at;
  const start = groupOf(here());
  let to = place();
  while (to >= 0 && to < state.list.length && groupOf(photoOf(state.list[to])) === start) to += by;
  if (to < 0 || to >= state.list.length) return state.at;
  return bestOf(listedWith(photoOf(state.list[to])));
}

/** The listed photographs of the series of a photograph, in the order of the list. */
export function listedWith(photo) {
  const listed = membersOf(photo).filter(({i}) => state.placeOf.has(i));
  return listed.sort((a, b) => state.placeOf.get(a.i) - state.placeOf.get(b.i));
}

export const bestOf = (photos) => [...photos].sort(byRank)[0].i;

/** After a decision: the next one; in the queue, the next one that is undecided, and in the end what was passed over. */
export function onward() {
  if (state.filters.decided !== "undecided") return beside(1);
  const inTurn = [...state.list.slice(place() + 1), ...state.list.slice(0, place())];
  return inTurn.find((i) => !isDecided(photoOf(i))) ?? state.at;
}

/** What to compare with a photograph: its series from the best on, or what comes next. */
export function rivals(photo, number, besides = []) {
  const members = [...membersOf(photo)].sort(byRank).filter(({flag}) => flag !== "reject");
  const more = state.list.slice(place() + 1).concat(state.list.slice(0, place()).reverse()).map(photoOf);
  const pool = inSeries(photo) ? members : more;
  return pool.map(({i}) => i).filter((i) => i !== photo.i && !besides.includes(i)).slice(0, number);
}

// ---- kept over a reload ----------------------------------------------------------------------------------------------

/** Browsers may refuse to keep anything; the page works without. */
function stored(store, name, value) {
  try {
    if (value === undefined) return JSON.parse(window[store].getItem(name));
    window[store].setItem(name, JSON.stringify(value));
  } catch { /* nothing is kept */ }
  return null;
}

export function remember() {
  const {filters, order, view, info, advance, size} = state;
  stored("sessionStorage", "beholder place", {filters, order, view, at: here() ? pathOf(here()) : null, panes: state.panes.map((i) => pathOf(photoOf(i)))});
  stored("localStorage", "beholder habits", {info, advance, size});
}

/** What was on the screen before a reload; its photographs are looked for once they are known. */
export function recall() {
  const {info, advance, size} = stored("localStorage", "beholder habits") ?? {};
  if (info !== undefined) Object.assign(state, {info, advance, size});
  else state.info = innerWidth > 800;
  const before = stored("sessionStorage", "beholder place");
  if (before === null) return null;
  Object.assign(state.filters, before.filters);
  state.order = before.order;
  return before;
}
