// Everything that is asked of the server: what changed, and what was decided here. A decision waits until it is saved.

import {pathOf, photoOf, state} from "./state.js";

const OFTEN = 1000, SELDOM = 3000;  // ms between two questions, while scoring goes on and later
const OWN = ["flag", "stars", "label"];

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export class Gone extends Error {}

export async function ask(path, body) {
  const sent = body === undefined ? {} : {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)};
  const gone = () => { throw new Gone("The server does not answer."); };
  const answer = await fetch(path, {cache: "no-store", credentials: "same-origin", ...sent}).catch(gone);
  if (answer.ok) return answer.json().catch(gone);
  const {detail} = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, typeof detail === "string" ? detail : `The server answered ${answer.status}.`);
}

// ---- decisions that wait ---------------------------------------------------------------------------------------------

const outbox = [];
const pause = (time) => new Promise((done) => setTimeout(done, time));

export const waiting = () => outbox.length;

/** Shows a decision at once, and saves it as soon as that is possible. */
export function decide(items, what, on) {
  const before = items.map((item) => Object.fromEntries(Object.keys(item).map((key) => [key, photoOf(item.i)[key]])));
  apply(items);
  send({path: "/api/decide", body: {items, what}, files: items.map(({i}) => pathOf(photoOf(i))), before, on});
}

export const send = (message) => {
  outbox.push(message);
  wake();
};

const apply = (items) => {
  for (const item of items) {
    const photo = photoOf(item.i);
    for (const key of OWN) if (key in item) photo[key] = item[key];
  }
};

const applyWaiting = () => apply(outbox.flatMap(({body}) => body?.items ?? []));

// ---- one conversation ------------------------------------------------------------------------------------------------

let wake = () => {};

/** Asks and sends in turn, so that an old answer never covers a new decision. Does not end. */
export async function converse(on) {
  for (let away = false; ;) {
    try {
      if (away) await resume(on);
      if (outbox.length) await empty(on);
      else await look(on);
      if (away) on.away(null);
      away = false;
    } catch (error) {
      away = true;
      if (error instanceof Refused || error instanceof Gone) on.away(error);
      else reportError(error);  // a fault of this page; the next answer may do
    }
    const rest = state.about?.progress.stage === "done" ? SELDOM : OFTEN;
    if (!outbox.length || away) await Promise.race([pause(away ? OFTEN : rest), away ? pause(rest) : new Promise((done) => { wake = done; })]);
  }
}

/** A server that was away may have begun anew, and count otherwise. Then what waits is sent by the names of the files. */
async function resume(on) {
  const {photos} = await ask("/api/photos?since=0");
  const same = ({i, ...photo}) => !photoOf(i) || pathOf(photoOf(i)) === pathOf(photo);
  if (photos.every(same) && photos.length >= state.photos.size) {
    state.version = 0;
    return;
  }
  const {progress} = await ask("/api/state");
  const numbers = new Map(photos.map((photo) => [pathOf(photo), photo.i]));
  for (; outbox.length; outbox.shift()) {
    const [{path, body, files = []}] = outbox;
    const missing = files.filter((file) => !numbers.has(file));
    if (missing.length && progress.stage !== "done") throw new Gone("The server has begun anew, and is still looking for photographs.");
    const items = (body?.items ?? []).map((item, k) => ({...item, i: numbers.get(files[k])})).filter(({i}) => i !== undefined);
    if (!body || items.length) await ask(path, body ? {...body, items} : {});
  }
  on.renumbered();
  await new Promise(() => {});  // the page begins anew
}

async function empty(on) {
  while (outbox.length) {
    const [message] = outbox;
    try {
      const answer = await ask(message.path, message.body ?? {});
      outbox.shift();
      on.photos(answer.photos);
      applyWaiting();
      message.on?.(answer);
    } catch (error) {
      if (!(error instanceof Refused) || error.status === 401) throw error;  // it waits
      outbox.shift();
      apply(message.before ?? []);
      applyWaiting();
      on.refused(error, message);
    }
  }
  await look(on);
}

async function look(on) {
  const about = await ask("/api/state");
  if (about.version < state.version) throw new Gone("The server has begun anew.");
  state.about = about;
  if (about.version > state.version) {
    const {version, photos} = await ask(`/api/photos?since=${state.version}`);
    state.version = version;
    on.photos(photos);
    applyWaiting();
  }
  on.state();
}
