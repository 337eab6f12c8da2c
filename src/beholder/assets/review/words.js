// Photographs in words and signs. A decision has a sign and a word beside its colour.

import {groupOf, kindOf, membersOf, scoreOf, state} from "./state.js";

export const SUGGESTIONS = {
  pick: {sign: "\u2713", word: "Pick"},
  maybe: {sign: "\u2248", word: "Maybe"},
  other: {sign: "\u2013", word: "Other"},
};
export const FLAGS = {pick: {sign: "\u2713", word: "picked"}, reject: {sign: "\u00d7", word: "rejected"}};
const KINDS = {burst: "Burst of {}", alike: "{} alike", bracket: "Bracket of {}", single: "Single photograph"};
export const KINDS_MANY = {burst: "Bursts", alike: "Alike", bracket: "Brackets", single: "Single photographs"};

export const capitals = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const thousands = (number) => number.toLocaleString("en");
export const overallTask = () => state.about.tasks[0];
export const ratings = () => state.about.tasks.filter(isRating);

export function seriesName(photo) {
  const kind = kindOf(photo);
  return (Object.hasOwn(KINDS, kind) ? KINDS[kind] : `${capitals(kind)} of {}`).replace("{}", () => thousands(membersOf(photo).length));
}

export const scoreText = (photo) => (scoreOf(photo) === null ? "" : shown(scoreOf(photo), overallTask()));
export const starText = (stars) => "\u2605".repeat(stars ?? 0);
export const starWord = (stars) => (stars ? many(stars, "star") : "no stars");

/** What was suggested, where there was a choice. */
export function suggestionOf(photo, ...more) {
  if (membersOf(photo).length === 1 || !Object.hasOwn(SUGGESTIONS, photo.suggestion ?? "")) return null;
  const {sign, word} = SUGGESTIONS[photo.suggestion];
  return el("span", {className: `decision ${photo.suggestion}`, title: `Suggested: ${word}`}, el("span", {ariaHidden: "true", textContent: sign}), word, ...more);
}

export const flagSign = ({flag}) => el("span", {className: `flag ${flag}`, title: capitals(FLAGS[flag].word), ariaHidden: "true", textContent: FLAGS[flag].sign});
export const labelSign = ({label}) => el("span", {className: `label ${label}`, title: `Label ${label}`, ariaHidden: "true", textContent: label.charAt(0).toUpperCase()});

/** What the person decided, as short words. */
export function decidedWords({flag, stars, label}) {
  return [flag && FLAGS[flag].word, stars > 0 && starWord(stars), label].filter(Boolean);
}

/** For a screen reader: all that the eye sees of a photograph in the grid. */
export function aloud(photo) {
  const single = membersOf(photo).length === 1;
  return [
    photo.name,
    ...(decidedWords(photo).length ? decidedWords(photo) : ["undecided"]),
    photo.error ? `cannot be read: ${photo.error}` : scoreOf(photo) === null ? "not scored yet" : `${words(overallTask())} ${scoreText(photo)}`,
    !single && seriesName(photo),
    !single && photo.suggestion && `suggested ${photo.suggestion}`,
  ].filter(Boolean).join(", ");
}

export const sameSeries = (a, b) => Boolean(a && b) && groupOf(a) === groupOf(b);
