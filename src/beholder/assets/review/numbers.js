// All that is known of one photograph, as words and numbers.

import {membersOf, scoreOf, state} from "./state.js";
import {decidedWords, overallTask, ratings, seriesName, starText, suggestionOf} from "./words.js";

const percent = (digits) => (value) => `${value.toFixed(digits)}%`;
const MEASURES = [
  ["sharpness_subject", "sharpness at the subject", (value) => value.toFixed(0)],
  ["sharpness_best", "sharpness at its best", (value) => value.toFixed(0)],
  ["motion", "blur in one direction", (value) => percent(0)(100 * value)],
  ["clipped_high", "highlights clipped", percent(1)],
  ["clipped_low", "shadows clipped", percent(1)],
  ["noise", "noise, \u03c3 of 255", (value) => value.toFixed(1)],
];
const EDITS = "edit";

const row = (name, ...cells) => el("tr", {}, el("th", {scope: "row", textContent: name}), ...cells);
const cell = (text, className = "") => el("td", {className: `number ${className}`, textContent: text});

/** The suggestion with its reason. */
export function reasonOf(photo) {
  const members = membersOf(photo);
  if (members.length === 1 || !photo.reason) return null;
  return el("p", {className: "reason file"}, ...[suggestionOf(photo)].filter(Boolean), " ", photo.reason);
}

const probability = (value) => (value < .01 ? "less than 1%" : value > .99 ? "more than 99%" : percent(0)(100 * value));

/** What the probability of a frame is about depends on its rank. */
function preferred(photo) {
  const first = membersOf(photo).find(({rank}) => rank === 1);
  if (photo.p_best === null || membersOf(photo).length === 1 || !first) return [];
  const rival = photo.rank === 1 ? "the one that comes nearest" : first.name;
  return [el("p", {className: "small file", textContent: `Preferred to ${rival} with a probability of ${probability(photo.p_best)}.`})];
}

function scoreLines(photo) {
  const task = overallTask(), {low, high} = photo.scores, overall = scoreOf(photo);
  const lines = [el("div", {className: "score"}, el("b", {textContent: shown(overall, task)}), el("span", {textContent: words(task)}),
    el("span", {className: "percentile", textContent: percentileOf({percentile: photo.scores.percentile ?? null})}))];
  const track = el("div", {className: "dot-plot"});
  const known = (value) => value !== null && value !== undefined;
  if (known(low) && known(high)) track.append(place(el("i", {className: "likely"}), portion(low, task), portion(high, task)));
  const dot = el("i", {className: "dot"});
  dot.style.left = `${100 * portion(overall, task)}%`;
  track.append(dot);
  lines.push(track);
  if (known(low) && known(high)) lines.push(el("div", {className: "interval", textContent: `90% interval ${shown(low, task)} to ${shown(high, task)}`}));
  if (photo.unlike) lines.push(el("p", {className: "small", textContent: "Unlike the photographs that the model learned from: trust the score less."}));
  return lines;
}

function scoreRows(photo) {
  return state.about.tasks.slice(1).filter(({name, kind}) => kind !== EDITS && photo.scores[name] !== undefined).map((task) => {
    const value = photo.scores[task.name];
    return el("tr", {}, el("th", {scope: "row", textContent: words(task), title: task.description}),
      cell(isRating(task) ? shown(value, task) : amount(value, task)), el("td", {className: "bar-cell"}, isRating(task) ? bar(value, task) : ""));
  });
}

/** Fills `side` with what is known of a photograph. */
export function about(side, photo) {
  const text = JSON.stringify([photo, membersOf(photo).length, state.about.tasks.length, ratings().length]);
  if (side.drawn === text) return;
  const other = side.of !== photo.i;
  side.drawn = text;
  side.of = photo.i;
  const parts = [];
  const decided = decidedWords(photo).join(", ");
  parts.push(el("div", {}, el("h2", {className: "file", textContent: photo.name}), ...(photo.folder ? [el("p", {className: "small file", textContent: photo.folder})] : []),
    el("p", {className: `small ${photo.flag ?? ""}`}, decided ? `You: ${decided}` : "Undecided", photo.stars ? ` ${starText(photo.stars)}` : "", photo.who === "file" ? " (as the file says)" : "")));
  if (photo.error) parts.push(el("p", {className: "file", textContent: `Cannot be read: ${photo.error}`}));
  const reason = reasonOf(photo);
  if (reason) parts.push(el("div", {}, el("h3", {textContent: seriesName(photo)}), reason, ...preferred(photo)));
  if (scoreOf(photo) !== null) {
    parts.push(el("div", {className: "score-lines"}, ...scoreLines(photo)));
    const rows = scoreRows(photo);
    if (photo.taste !== null) rows.unshift(row("your taste", cell(shown(photo.taste, overallTask())), el("td", {className: "bar-cell"}, bar(photo.taste, overallTask()))));
    if (rows.length) parts.push(el("table", {}, el("tbody", {}, ...rows)));
  } else if (!photo.error) {
    parts.push(el("p", {className: "small", textContent: "Not scored yet."}));
  }
  if (photo.measures) {
    const rival = [...membersOf(photo)].sort((a, b) => (a.rank ?? 99) - (b.rank ?? 99)).find(({i, measures}) => i !== photo.i && measures);
    const said = (measures, name, form) => (measures[name] === null || measures[name] === undefined ? "cannot tell" : form(measures[name]));
    parts.push(el("table", {}, el("thead", {}, el("tr", {}, el("th", {scope: "col", textContent: "Measured"}), el("th", {scope: "col", className: "number", textContent: "This one"}),
      el("th", {scope: "col", className: "number file", textContent: rival ? (rival.rank === 1 ? "Best" : "Next") : "", title: rival ? rival.name : ""}))), el("tbody", {}, ...MEASURES.map(([name, title, form]) =>
      row(title, cell(said(photo.measures, name, form)), cell(rival ? said(rival.measures, name, form) : "", "dim"))))));
  }
  const facts = [["captured", photo.captured?.replace("T", " ").slice(0, 19)], ["camera", photo.camera], ["pixels", photo.width ? `${photo.width} \u00d7 ${photo.height}` : ""], ["together with", photo.paired.join(", ")]];
  parts.push(el("table", {}, el("tbody", {}, ...facts.filter(([, value]) => value).map(([name, value]) => row(name, el("td", {className: "number wide file", textContent: value}))))));
  side.replaceChildren(...parts);
  if (other) side.scrollTop = 0;
}
