// The dialog of the export: what will be written is shown before it is.

import {ask} from "./server.js";
import {toast} from "./toast.js";

const PROFILES = [["sidecar", "All programs, beside the photographs"], ["lightroom", "Lightroom, Bridge, Capture One"], ["darktable", "darktable"], ["digikam", "digiKam"], ["immich", "Immich"]];
const PATHS = {csv: ["File", "picks.csv"], copy: ["Folder", "picks"], link: ["Folder", "picks"]};
const LINES = 2000;  // shown; more are counted

/** The longest folder that all paths begin with. */
function folderOf(paths) {
  const slash = (path) => Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  let folder = paths.length ? paths[0].slice(0, slash(paths[0])) : "";
  for (const path of paths) while (!path.startsWith(folder)) folder = folder.slice(0, slash(folder.slice(0, -1)));
  return folder;
}

export function makeExport() {
  const box = byId("export-box");
  const chosen = () => box.querySelector("input[name=to]:checked").value;
  let asked = 0;

  byId("profiles").append(...PROFILES.map(([value, title]) => el("label", {}, el("input", {type: "checkbox", name: "profile", value, checked: value === "sidecar"}), " ", el("span", {textContent: title}))));

  function request(dryRun) {
    const to = chosen();
    const xmp = {profiles: Array.from(box.querySelectorAll("input[name=profile]:checked"), ({value}) => value).join(","), embed: byId("embed").checked};
    return {to, ...(to === "xmp" ? xmp : {path: byId("path").value}), dry_run: dryRun};
  }

  // What was shown is no longer what would be written.
  function changed() {
    asked += 1;
    const to = chosen();
    byId("profiles").hidden = byId("embed-line").hidden = to !== "xmp";
    byId("path-line").hidden = to === "xmp";
    if (to !== "xmp" && byId("path-line").dataset.to !== to) {
      [byId("path-word").textContent, byId("path").value] = PATHS[to];
      byId("path-line").dataset.to = to;
    }
    byId("write").disabled = true;
    byId("export-summary").textContent = "";
    byId("export-scroll").hidden = true;
  }

  // The folder of all is said once, and a file once for all that changes in it.
  function drawLines(lines) {
    const folder = folderOf(lines.map(({file}) => file));
    byId("export-folder").textContent = folder && lines.length ? `In ${folder}` : "";
    byId("export-lines").replaceChildren(...lines.slice(0, LINES).map(({file, what}, k) => el("tr", {},
      el("td", {className: "file", textContent: k && lines[k - 1].file === file ? "" : file.slice(folder.length)}), el("td", {className: "file", textContent: what}))));
  }

  async function run(dryRun) {
    const mine = asked += 1;
    byId("write").disabled = true;
    byId("export-summary").textContent = dryRun ? "Looking what would be written\u2009\u2026" : "Writing\u2009\u2026";
    try {
      const {lines, summary} = await ask("/api/export", request(dryRun));
      if (mine !== asked) return;
      drawLines(lines);
      byId("export-scroll").hidden = lines.length === 0;
      const more = lines.length > LINES ? ` The first ${LINES} lines are shown.` : "";
      byId("export-summary").textContent = (dryRun ? `Nothing is written yet: ${summary}.` : `Done: ${summary}.`) + more;
      byId("write").disabled = !dryRun || lines.length === 0;
      if (!dryRun) toast(`Exported: ${summary}`);
    } catch (error) {
      if (mine === asked) byId("export-summary").textContent = error.message;
    }
  }

  box.addEventListener("change", changed);
  byId("path").addEventListener("input", changed);
  byId("preview").addEventListener("click", () => run(true));
  byId("write").addEventListener("click", () => run(false));
  return {open() {
    changed();
    box.showModal();
    run(true);
  }};
}
