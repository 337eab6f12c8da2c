// Two to four photographs side by side. Zoom and place are the same in all; keys act on the framed one.

import {frame, here, membersOf, photoOf, rivals, state} from "./state.js";
import {aloud, flagSign, labelSign, overallTask, scoreText, starText, suggestionOf} from "./words.js";
import {makeStage} from "./picture.js";

export const MOST = 4;

/** Chooses what is compared: what is marked, or the framed photograph and its nearest rival. */
export function choose(number = 2) {
  const photo = here();
  if (!photo) return;
  const marked = state.list.filter((i) => state.marked.has(i));
  const chosen = marked.length > 1 ? marked.slice(0, MOST) : [photo.i, ...rivals(photo, number - 1)];
  state.panes = chosen;
  state.marked.clear();
  if (!chosen.includes(state.at)) frame(chosen[0]);
}

/** One more, from the same series; after four, two again. */
export function oneMore() {
  if (state.panes.length >= MOST) state.panes = [state.at, ...state.panes.filter((i) => i !== state.at)].slice(0, 2);
  else state.panes = [...state.panes, ...rivals(here(), 1, state.panes)];
}

/** After a rejection the pane shows the next rival, if there is one. */
export function replaceFramed() {
  const [next] = membersOf(here()).length > 1 ? rivals(here(), 1, state.panes) : [];
  if (next === undefined) return false;
  state.panes = state.panes.map((i) => (i === state.at ? next : i));
  frame(next);
  return true;
}

export const besidePane = (by) => state.panes[Math.min(state.panes.length - 1, Math.max(0, state.panes.indexOf(state.at) + by))] ?? state.at;

export function makeCompare(on) {
  const root = byId("compare-view");
  const panes = [];

  function pane(k) {
    const place = el("div"), caption = el("div", {className: "pane-caption"});
    const node = el("div", {className: "pane"}, place, caption);
    node.setAttribute("role", "group");
    const stage = makeStage(place, {zoom: on.draw, touch: () => on.frame(state.panes[k])});
    caption.addEventListener("click", () => on.frame(state.panes[k]));
    return {node, stage, caption, text: ""};
  }

  function draw() {
    while (panes.length < state.panes.length) {
      panes.push(pane(panes.length));
      root.append(panes.at(-1).node);
    }
    root.dataset.panes = state.panes.length;
    panes.forEach(({node}, k) => { node.hidden = k >= state.panes.length; });
    state.panes.forEach((i, k) => {
      const photo = photoOf(i), {node, stage, caption} = panes[k];
      node.classList.toggle("framed", i === state.at);
      node.classList.toggle("reject", photo.flag === "reject");
      node.setAttribute("aria-label", (i === state.at ? "Framed: " : "") + aloud(photo));
      if (i === state.at) node.setAttribute("aria-current", "true");
      else node.removeAttribute("aria-current");
      const text = JSON.stringify([i, photo.flag, photo.stars, photo.label, scoreText(photo), photo.reason, photo.suggestion]);
      if (panes[k].text !== text) {
        panes[k].text = text;
        const signs = [photo.flag && flagSign(photo), photo.stars > 0 && el("span", {className: "cell-stars", textContent: starText(photo.stars)}), photo.label && labelSign(photo), suggestionOf(photo)].filter(Boolean);
        caption.replaceChildren(el("div", {className: "pane-line"}, el("b", {className: "file", textContent: photo.name}), ...signs,
          el("span", {className: "cell-score", textContent: scoreText(photo), title: `${words(overallTask())} ${scoreText(photo)}`})),
        el("p", {className: "reason file", textContent: membersOf(photo).length > 1 ? photo.reason ?? "" : "", title: photo.reason ?? ""}));
      }
      stage.show(photo);
    });
  }

  const framed = () => panes[state.panes.indexOf(state.at)]?.stage;
  const underPointer = () => panes.find(({stage, node}) => !node.hidden && stage.isUnderPointer())?.stage;
  return {draw, again: () => panes.forEach(({stage}) => stage.again()), stage: () => underPointer() ?? framed()};
}
