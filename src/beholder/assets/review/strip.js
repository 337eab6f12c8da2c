// The view `series`: all frames of one series with what was suggested for each, and why.

import {here, listedWith, membersOf, state} from "./state.js";
import {aloud, flagSign, labelSign, overallTask, scoreText, seriesName, starText, suggestionOf} from "./words.js";
import {sourceOf} from "./picture.js";

export function makeStrip(on) {
  const root = byId("series-view");
  const title = el("h2"), list = el("ol", {className: "strip"});
  root.append(title, list);
  let drawn = "";

  function draw() {
    const photo = here();
    if (!photo) return;
    const frames = listedWith(photo);
    const hidden = membersOf(photo).length - frames.length;
    title.textContent = seriesName(photo) + (hidden ? ` (${hidden} not in the list)` : "");
    const text = JSON.stringify(frames.map(({i, flag, stars, label, reason, suggestion, scores}) => [i, flag, stars, label, reason, suggestion, scores?.overall]));
    if (text !== drawn) {
      drawn = text;
      const images = new Map(Array.from(list.querySelectorAll("img"), (image) => [image.dataset.i, image]));
      list.replaceChildren(...frames.map((frame) => card(frame, images.get(String(frame.i)))));
    }
    frames.forEach((frame, k) => {
      const item = list.children[k], framed = frame.i === state.at;
      if (framed && !item.classList.contains("framed")) item.scrollIntoView({block: "nearest", inline: "nearest"});
      item.classList.toggle("framed", framed);
      if (framed) item.firstChild.setAttribute("aria-current", "true");
      else item.firstChild.removeAttribute("aria-current");
    });
  }

  function card(frame, known) {
    const image = known ?? el("img", {alt: "", decoding: "async", src: sourceOf(frame.i, "preview")});
    image.dataset.i = frame.i;
    const open = el("button", {type: "button", className: "card-picture", tabIndex: -1, ariaLabel: aloud(frame), onclick: () => on.frame(frame.i), ondblclick: () => on.open(frame.i)}, image,
      ...(frame.flag ? [flagSign(frame)] : []));
    const signs = [suggestionOf(frame), frame.stars > 0 && el("span", {className: "cell-stars", textContent: starText(frame.stars)}), frame.label && labelSign(frame)].filter(Boolean);
    return el("li", {className: `card ${frame.flag ?? ""}`}, open,
      el("div", {className: "cell-line"}, el("span", {className: "cell-name file", textContent: frame.name, title: frame.name}),
        el("span", {className: "cell-score", textContent: scoreText(frame), title: words(overallTask())})),
      el("div", {className: "cell-signs"}, ...signs),
      membersOf(frame).length > 1 ? el("p", {className: "reason file", textContent: frame.reason ?? ""}) : "");
  }

  /** Whether the framed photograph can be seen; scrolls to it where not. */
  function sees() {
    const card = list.querySelector(".framed");
    if (!card) return false;
    const box = card.getBoundingClientRect(), room = root.getBoundingClientRect();
    const seen = Math.min(box.bottom, room.bottom) - Math.max(box.top, room.top) > Math.min(box.height, room.height) / 2;
    if (!seen) card.scrollIntoView({block: "nearest"});
    return seen;
  }

  return {draw, sees};
}
