// A photograph on a stage: whole, or at 100% with the same place in sight from photograph to photograph.

import {state} from "./state.js";

const KEPT = {preview: 24, full: 6, map: 4};  // pictures that stay decoded
const kept = {preview: new Map(), full: new Map(), map: new Map()};

export const sourceOf = (i, what) => (what === "map" ? `/photo/${i}/map?task=overall` : `/photo/${i}/${what}`);

/** An image that is loading or loaded; the ones that were asked for last are kept. */
export function load(i, what) {
  const store = kept[what];
  let image = store.get(i);
  if (!image || image.failed) {
    image = el("img", {alt: "", draggable: false, decoding: "async", className: what});
    image.ready = new Promise((done) => {
      image.addEventListener("load", () => done(true), {once: true});
      image.addEventListener("error", () => { image.failed = true; done(false); }, {once: true});
    });
    image.src = sourceOf(i, what);
  }
  store.delete(i);
  store.set(i, image);
  for (const [old, unused] of store) {
    if (store.size <= KEPT[what]) break;
    if (!unused.isConnected) store.delete(old);
    else store.delete(old), store.set(old, unused);
    if (old === i) break;
  }
  return image;
}

const SAID_OF_MAP = {coming: "Looking where the score comes from\u2009\u2026", there: "Orange raises the score, blue lowers it", missing: "There is no map of this photograph."};
const SAID_OF_FULL = {coming: "Loading 100%\u2009\u2026", there: "", missing: "The photograph cannot be shown at 100%."};

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

/**
 * A stage in `root`. `on.zoom()` is called when the zoom changed here, `on.swipe(by)` after a swipe, `on.touch()` first.
 * What is drawn follows `state.zoom` and `state.map`; several stages move in step by it.
 */
export function makeStage(root, on) {
  const picture = el("div", {className: "picture"});
  const note = el("p", {className: "note", hidden: true});
  root.classList.add("stage");
  root.replaceChildren(picture, note);
  let photo = null;
  let pointer = null;  // where it is on the stage, while it is
  let drag = null;
  let shownAs = "";  // number and kind of what is on the stage

  const scale = () => 1 / (window.devicePixelRatio || 1);

  function natural() {
    if (photo.width && photo.height) return [photo.width * scale(), photo.height * scale()];
    const known = picture.querySelector("img.preview");
    return known?.naturalWidth ? [known.naturalWidth * scale(), known.naturalHeight * scale()] : [3, 2];
  }

  function sizes() {
    const [width, height] = natural();
    const fit = Math.min(root.clientWidth / width, root.clientHeight / height, photo.width ? 1 : Infinity);
    return {width, height, fit: [width * fit, height * fit]};
  }

  function draw() {
    if (photo === null || !root.clientWidth) return;
    const {zoom} = state;
    const {width, height, fit} = sizes();
    const [w, h] = zoom.on ? [width, height] : fit;
    const along = (size, room, middle) => (size <= room ? (room - size) / 2 : clamp(room / 2 - middle * size, room - size, 0));
    const x = along(w, root.clientWidth, zoom.x), y = along(h, root.clientHeight, zoom.y);
    Object.assign(picture.style, {width: `${w}px`, height: `${h}px`, transform: `translate(${Math.round(x)}px, ${Math.round(y)}px)`});
    root.classList.toggle("zoomed", zoom.on);
    fill();
  }

  function fill() {
    const what = state.map ? "map" : state.zoom.on ? "full" : "preview";
    if (shownAs === `${photo.i} ${what}`) return;
    const other = !shownAs.startsWith(`${photo.i} `);
    shownAs = `${photo.i} ${what}`;
    const mine = shownAs;
    const preview = load(photo.i, "preview");
    if (other) {
      const thumb = el("img", {alt: "", draggable: false, className: "thumb", src: sourceOf(photo.i, "thumb")});
      picture.replaceChildren(...(preview.complete && preview.naturalWidth ? [] : [thumb]), preview);
      preview.ready.then((good) => {
        if (mine.split(" ")[0] !== shownAs.split(" ")[0]) return;
        if (good) return draw();
        note.textContent = "This photograph cannot be shown.";
        note.hidden = false;
      });
    }
    for (const image of picture.querySelectorAll(".map, .full")) if (!image.classList.contains(what)) image.remove();
    note.hidden = true;
    if (what === "preview") return;
    const image = load(photo.i, what);
    const said = what === "map" ? SAID_OF_MAP : SAID_OF_FULL;
    const put = (good) => {
      if (shownAs !== mine) return;
      if (good) picture.append(image);
      note.textContent = good ? said.there : said.missing;
      note.hidden = note.textContent === "";
    };
    if (image.complete && image.naturalWidth) return put(true);
    note.textContent = said.coming;
    note.hidden = false;
    image.ready.then(put);
  }

  /** Asks for the pictures again: the server was away. */
  function again() {
    shownAs = "";
    draw();
  }

  function show(next) {
    photo = next;
    draw();
  }

  /** The middle that keeps a point of the picture where it is on the stage. */
  function middleFor(at) {
    const {width, height, fit} = sizes();
    const [x, y] = at ?? [root.clientWidth / 2, root.clientHeight / 2];
    const part = (where, room, size) => clamp((where - (room - size) / 2) / size, 0, 1);
    const px = part(x, root.clientWidth, fit[0]), py = part(y, root.clientHeight, fit[1]);
    const middle = (p, where, room, size) => (size <= room ? .5 : clamp(p + (room / 2 - where) / size, room / 2 / size, 1 - room / 2 / size));
    return {x: middle(px, x, root.clientWidth, width), y: middle(py, y, root.clientHeight, height)};
  }

  function toggle(at = pointer) {
    if (photo === null) return;
    if (state.zoom.on) state.zoom.on = false;
    else Object.assign(state.zoom, at === null ? {} : middleFor(at), {on: true});
    on.zoom();
  }

  /** Moves what is seen, in pixels of the screen. */
  function move(dx, dy) {
    const {width, height} = sizes();
    const next = (middle, by, room, size) => (size <= room ? middle : clamp(middle + by / size, room / 2 / size, 1 - room / 2 / size));
    state.zoom.x = next(state.zoom.x, dx, root.clientWidth, width);
    state.zoom.y = next(state.zoom.y, dy, root.clientHeight, height);
    on.zoom();
  }

  const on_stage = (event) => {
    const box = root.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    on.touch?.();
    drag = {x: event.clientX, y: event.clientY, from: [event.clientX, event.clientY], moved: false};
    root.setPointerCapture(event.pointerId);
  });
  root.addEventListener("pointermove", (event) => {
    pointer = event.pointerType === "mouse" ? on_stage(event) : null;
    if (drag === null || !event.isPrimary) return;
    if (Math.hypot(event.clientX - drag.from[0], event.clientY - drag.from[1]) > 5) drag.moved = true;
    if (!drag.moved || !state.zoom.on) return;
    root.classList.add("dragged");
    move(drag.x - event.clientX, drag.y - event.clientY);
    Object.assign(drag, {x: event.clientX, y: event.clientY});
  });
  root.addEventListener("pointerup", (event) => {
    root.classList.remove("dragged");
    if (drag === null || !event.isPrimary) return;
    const [dx, dy] = [event.clientX - drag.from[0], event.clientY - drag.from[1]];
    const {moved} = drag;
    drag = null;
    if (!moved) toggle(on_stage(event));
    else if (!state.zoom.on && Math.abs(dx) > 40 && Math.abs(dx) > 1.5 * Math.abs(dy)) on.swipe?.(dx < 0 ? 1 : -1);
  });
  root.addEventListener("pointercancel", () => { drag = null; root.classList.remove("dragged"); });
  root.addEventListener("pointerleave", () => { pointer = null; });
  new ResizeObserver(draw).observe(root);
  return {show, draw, again, toggle, move, has: (i) => photo?.i === i, isUnderPointer: () => pointer !== null};
}
