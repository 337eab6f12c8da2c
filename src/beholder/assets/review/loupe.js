// One photograph, as large as the window, with its series under it and its numbers beside it.

import {beside, here, listedWith, state} from "./state.js";
import {aloud, flagSign, thousands} from "./words.js";
import {load, makeStage, sourceOf} from "./picture.js";
import {about} from "./numbers.js";

export function makeLoupe(on) {
  const root = byId("loupe-view");
  const place = el("div");
  const film = el("ol", {className: "film"});
  film.setAttribute("aria-label", "Series");
  const side = el("div", {className: "about", tabIndex: 0});
  side.setAttribute("role", "region");
  side.setAttribute("aria-label", "About the photograph");
  const button = (act, className, label, text) => {
    const node = el("button", {type: "button", className, ariaLabel: label, textContent: text});
    node.dataset.act = act;
    return node;
  };
  const zoom = button("zoom", "zoom", "100%", "100%"), map = button("map", "map-button", "Map of evidence", "Map"), info = button("info", "info", "Numbers", "i");
  const previous = button("previous", "step previous", "Photograph before", "\u2190"), next = button("next", "step next", "Photograph after", "\u2192");
  const back = button("grid", "back", "Back to the grid", "\u2715");
  root.append(el("div", {className: "loupe-left"}, el("div", {className: "loupe-stage"}, place, previous, next, el("div", {className: "over"}, back, zoom, map, info)), film), side);
  const stage = makeStage(place, {zoom: on.draw, swipe: on.step});
  place.setAttribute("role", "img");
  let drawnFilm = "";

  function draw() {
    const photo = here();
    root.classList.toggle("with-about", state.info && Boolean(photo));
    if (!photo) return;
    place.setAttribute("aria-label", aloud(photo));
    stage.show(photo);
    for (const [node, pressed] of [[zoom, state.zoom.on], [map, state.map], [info, state.info]]) node.setAttribute("aria-pressed", pressed);
    const at = state.placeOf.get(state.at);
    previous.disabled = at === 0;
    next.disabled = at === state.list.length - 1;
    if (state.info) about(side, photo);
    drawFilm(photo);
    for (const by of [1, -1, 2, -2]) {
      const near = beside(by);
      if (near === null || near === state.at) continue;
      load(near, "preview");
      if (state.zoom.on && Math.abs(by) === 1) load(near, "full");
    }
  }

  function drawFilm(photo) {
    const frames = listedWith(photo);
    film.hidden = frames.length < 2;
    const text = JSON.stringify(frames.map(({i, flag, stars, label, suggestion}) => [i, flag, stars, label, suggestion]));
    if (text !== drawnFilm) {
      drawnFilm = text;
      const kept = film.scrollLeft;
      film.replaceChildren(...frames.map((frame) => {
        const pick = el("button", {type: "button", tabIndex: -1, ariaLabel: aloud(frame), title: frame.name, onclick: () => on.frame(frame.i)},
          el("img", {alt: "", src: sourceOf(frame.i, "thumb")}), ...(frame.flag ? [flagSign(frame)] : []));
        return el("li", {className: `${frame.suggestion ?? ""} ${frame.flag ? `is-${frame.flag}` : ""}`}, pick);
      }));
      film.scrollLeft = kept;
    }
    frames.forEach((frame, k) => {
      const shown = film.children[k].firstChild;
      if (frame.i !== photo.i) return void shown.removeAttribute("aria-current");
      if (shown.hasAttribute("aria-current")) return;
      shown.setAttribute("aria-current", "true");
      film.scrollLeft = shown.offsetLeft - (film.clientWidth - shown.offsetWidth) / 2;
    });
    film.title = `${thousands(frames.length)} of the series`;
  }

  return {draw, stage};
}
