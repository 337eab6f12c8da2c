// The grid: as many cells as the screen holds, whatever the number of photographs. Series stay together.

import {groupOf, membersOf, photoOf, state} from "./state.js";
import {aloud, flagSign, labelSign, overallTask, scoreText, seriesName, starText, suggestionOf} from "./words.js";
import {sourceOf} from "./picture.js";

const GAP = 10, HEAD = 24, CAPTION = 54;  // px, as in review.css
const TRIES = 4;  // to load a picture

export function makeGrid(on) {
  const root = byId("grid"), ground = byId("cells");
  const cells = new Map();  // number -> {node, text}
  let columns = 1, width = 200, pitch = 200, soon = 0, anchor = [];

  function measure() {
    const room = root.clientWidth - GAP;
    if (room <= 0) return false;
    const wish = Math.min(state.size, (room - GAP) / 2);
    columns = Math.max(1, Math.round(room / (wish + GAP)));
    width = Math.floor(room / columns) - GAP;
    pitch = HEAD + Math.round(width * 2 / 3) + CAPTION + GAP;
    root.style.setProperty("--cell", `${width}px`);
    root.style.setProperty("--picture", `${Math.round(width * 2 / 3)}px`);
    ground.style.height = `${GAP + Math.ceil(state.list.length / columns) * pitch}px`;
    return true;
  }

  const topOf = (i) => Math.floor(state.placeOf.get(i) / columns) * pitch;

  function draw() {
    if (root.offsetParent === null || !measure()) return;
    const first = Math.max(0, Math.floor((root.scrollTop - pitch) / pitch)) * columns;
    const last = Math.min(state.list.length, Math.ceil((root.scrollTop + root.clientHeight + pitch) / pitch) * columns);
    const wanted = new Set(state.list.slice(first, last));
    if (state.placeOf.has(state.at)) wanted.add(state.at);  // what a screen reader is on stays in the document
    for (const [i, cell] of cells) {
      if (wanted.has(i)) continue;
      cell.node.querySelector("img")?.removeAttribute("src");  // and is not loaded any more
      cell.node.remove();
      cells.delete(i);
    }
    for (const i of wanted) drawCell(i);
    if (state.at === null) root.removeAttribute("aria-activedescendant");
    else root.setAttribute("aria-activedescendant", `cell-${state.at}`);
    anchor = state.list.slice(Math.max(0, Math.floor(root.scrollTop / pitch)) * columns, last);
  }

  function drawCell(i) {
    const photo = photoOf(i), at = state.placeOf.get(i), column = at % columns;
    let cell = cells.get(i);
    if (!cell) {
      cell = {node: el("div", {id: `cell-${i}`, className: "cell"}), text: ""};
      cell.node.setAttribute("role", "option");
      cells.set(i, cell);
      ground.append(cell.node);
    }
    const {node} = cell;
    node.style.transform = `translate(${GAP + column * (width + GAP)}px, ${GAP + Math.floor(at / columns) * pitch}px)`;
    const before = at > 0 && groupOf(photoOf(state.list[at - 1])) === groupOf(photo);
    const after = at + 1 < state.list.length && groupOf(photoOf(state.list[at + 1])) === groupOf(photo);
    const heading = membersOf(photo).length > 1 && (!before ? "first" : column === 0 && "again");
    const framed = state.at === i, marked = framed || state.marked.has(i);
    const classes = ["cell", photo.flag, marked && "marked", framed && "framed", membersOf(photo).length > 1 && "together", before && column > 0 && "follows"];
    node.className = classes.filter(Boolean).join(" ");
    node.setAttribute("aria-selected", marked);
    node.setAttribute("aria-posinset", at + 1);
    node.setAttribute("aria-setsize", state.list.length);
    const text = JSON.stringify([photo.name, photo.flag, photo.stars, photo.label, scoreText(photo), photo.suggestion, photo.error, heading, after, membersOf(photo).length]);
    if (text === cell.text) return;
    cell.text = text;
    node.setAttribute("aria-label", aloud(photo));
    fillCell(node, photo, heading);
  }

  function fillCell(node, photo, heading) {
    const image = node.querySelector("img") ?? newImage(photo);
    const picture = el("div", {className: "cell-picture"}, image);
    if (photo.error) picture.append(el("p", {className: "broken file", textContent: photo.error}));
    if (photo.flag) picture.append(flagSign(photo));
    const score = el("span", {className: "cell-score", textContent: scoreText(photo), title: `${words(overallTask())} ${scoreText(photo)}`});
    const signs = el("div", {className: "cell-signs"},
      el("span", {className: "cell-stars", textContent: starText(photo.stars)}),
      ...(photo.label ? [labelSign(photo)] : []), ...[suggestionOf(photo)].filter(Boolean));
    node.replaceChildren(
      el("div", {className: "cell-head", textContent: heading ? seriesName(photo) + (heading === "again" ? ", continued" : "") : ""}), picture,
      el("div", {className: "cell-line"}, el("span", {className: "cell-name file", textContent: photo.name, title: photo.name}), score), signs);
  }

  function newImage(photo) {
    const image = el("img", {alt: "", decoding: "async", draggable: false});
    if (photo.error) return image;
    let tries = 0;
    image.addEventListener("error", () => {
      image.classList.add("missing");
      if ((tries += 1) < TRIES) setTimeout(() => image.isConnected && reload(image), 2000 * tries);
    });
    image.addEventListener("load", () => image.classList.remove("missing"));
    image.src = sourceOf(photo.i, "thumb");
    return image;
  }

  /** A picture that did not come: the server was busy, or away. */
  function reload(image) {
    const {src} = image;
    image.removeAttribute("src");
    image.src = src;
  }

  /** Scrolls as little as is needed to see a photograph. */
  function reveal(i = state.at) {
    if (!state.placeOf.has(i) || !measure()) return;
    const top = topOf(i), bottom = top + pitch + GAP;
    if (top < root.scrollTop) root.scrollTop = top;
    else if (bottom > root.scrollTop + root.clientHeight) root.scrollTop = Math.min(top, bottom - root.clientHeight);
    draw();
  }

  /** Whether the picture of a photograph can be seen. */
  function sees(i) {
    if (!state.placeOf.has(i)) return false;
    const top = GAP + topOf(i) + HEAD, bottom = top + width * 2 / 3;
    const seen = Math.min(bottom, root.scrollTop + root.clientHeight) - Math.max(top, root.scrollTop);
    return seen > (bottom - top) / 2;
  }

  /** The list is changed by `change`; what one looks at stays where it is on the screen. */
  function keepingPlace(change) {
    const fixed = root.offsetParent === null ? undefined : [state.at, ...anchor].find((i) => state.placeOf.has(i) && sees(i));
    const before = fixed === undefined ? 0 : topOf(fixed) - root.scrollTop;
    change();
    if (fixed !== undefined && state.placeOf.has(fixed) && measure()) root.scrollTop = topOf(fixed) - before;
    draw();
  }

  const numberAt = (event) => {
    const node = event.target.closest(".cell");
    return node ? Number(node.id.slice(5)) : null;
  };

  root.addEventListener("scroll", () => {
    if (!soon) soon = requestAnimationFrame(() => { soon = 0; draw(); });
  }, {passive: true});
  root.addEventListener("click", (event) => {
    const i = numberAt(event);
    if (i !== null) on.click(i, event);
  });
  root.addEventListener("dblclick", (event) => {
    const i = numberAt(event);
    if (i !== null) on.open(i);
  });
  new ResizeObserver(() => keepingPlace(measure)).observe(root);

  function again() {
    for (const image of root.querySelectorAll("img.missing")) reload(image);
  }

  return {draw, reveal, sees, again, keepingPlace, rows: () => Math.max(1, Math.floor(root.clientHeight / pitch)) * columns, columns: () => columns, toTop: () => { root.scrollTop = 0; }};
}
