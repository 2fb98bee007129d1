// Where keyframes come from, and where sidecars go: files picked here, or a folder that
// `dropreel motion` serves (then the page's root element names its list).

const PICTURES = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i;
const LARGEST_SIDECAR = 256 * 1024;
const served = document.documentElement.dataset.folder ?? "";

async function openFolder() {
  let listing;
  try {
    const reply = await fetch(served);
    if (!reply.ok) throw new Error(reply.statusText);
    listing = await reply.json();
  } catch {
    tell("The folder cannot be read. Is `dropreel motion` still running?", "bad");
    return;
  }
  $("folder").textContent = listing.folder;
  desk.clips = listing.keyframes.map((each) => newClip(each));
  buildFilm();
  await show(0);
}

// Pictures and sidecars, picked or dropped; a sidecar finds its keyframe by the stem.
async function takeFiles(files) {
  const all = Array.from(files);
  const sidecars = new Map();
  let problem = "";
  for (const file of all.filter(({ name }) => name.toLowerCase().endsWith(".motion.json"))) {
    try {
      if (file.size > LARGEST_SIDECAR) throw new Error("too large");
      sidecars.set(stemOf(file.name).toLowerCase(), JSON.parse(await file.text()));
    } catch {
      problem = `${file.name} is not JSON that can be read.`;
    }
  }
  const known = new Map(desk.clips.map((clip) => [stemOf(clip.name).toLowerCase(), clip]));
  const pictures = all.filter(({ name }) => PICTURES.test(name));
  pictures.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const first = desk.clips.length;
  for (const file of pictures) {
    const stem = stemOf(file.name).toLowerCase();
    if (known.has(stem)) problem = `${file.name}: a keyframe of this name is here already.`;
    else {
      const url = URL.createObjectURL(file);
      const clip = newClip({ name: file.name, url, thumb: url, sidecar: sidecars.get(stem) });
      known.set(stem, clip);
      desk.clips.push(clip);
    }
  }
  for (const [stem, sidecar] of sidecars) reread(known.get(stem), sidecar);
  if (problem) tell(problem, "bad");
  else if (!pictures.length && !sidecars.size) tell("There is no PNG or JPEG among these files.", "bad");
  buildFilm();
  if (pictures.length) await show(first);
  else render();
}

function reread(clip, sidecar) {
  if (!clip || clip.sidecar === sidecar) return;
  clip.sidecar = sidecar;
  if (!clip.motion) return;
  const before = snapshot(clip);
  layOut(clip);
  clip.past.push(before);
}

// Answers what went wrong, or nothing.
async function write(clip) {
  const text = sidecarText(clip);
  if (clip.save) {
    try {
      const reply = await fetch(clip.save, {
        method: "PUT", body: text, headers: { "Content-Type": "application/json" },
      });
      if (!reply.ok) return (await reply.json()).problems.join(" ");
    } catch {
      return "it could not be written. Is `dropreel motion` still running?";
    }
  } else {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `${stemOf(clip.name)}.motion.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
  clip.savedText = text;
  clip.problem = "";
  return "";
}

async function save(clip = current()) {
  if (!clip?.motion) return false;
  const name = `${stemOf(clip.name)}.motion.json`;
  const wrong = await write(clip);
  if (wrong) tell(`${name}: ${wrong}`, "bad");
  else if (!speedOf(clip).safe) tell(`${name} is saved, but its move is too fast: the clip would be rejected.`, "warn");
  else tell(served ? `${name} is saved beside its keyframe.` : `${name} is in your downloads.`, "good");
  render();
  return !wrong;
}

// Everything that is on the desk and not on the disk; browsers need a moment between downloads.
async function saveAll() {
  let count = 0;
  const fast = [];
  for (const clip of desk.clips) {
    await openClip(clip);
    if (!clip.motion || isSaved(clip)) continue;
    const wrong = await write(clip);
    if (wrong) {
      tell(`${clip.name}: ${wrong}`, "bad");
      render();
      return;
    }
    count += 1;
    if (!speedOf(clip).safe) fast.push(clip.name);
    if (!clip.save) await new Promise((resume) => setTimeout(resume, 250));
  }
  const said = count === 1 ? "1 sidecar is saved." : `${count} sidecars are saved.`;
  if (fast.length) tell(`${said} Too fast, and would be rejected: ${fast.join(", ")}.`, "warn");
  else tell(count ? said : "Everything is saved already.", "good");
  render();
}
