// The page as a whole: which clip is in hand, the film strip, the keyboard.

async function show(index) {
  const clip = desk.clips[index];
  if (!clip) return;
  desk.at = index;
  player.sec = 0;
  document.body.classList.remove("empty");
  render();
  await openClip(clip);
  if (current() !== clip) return; // somebody went on while it was loading
  const image = $("keyframe");
  image.hidden = !clip.motion;
  if (clip.motion) image.src = clip.url;
  image.alt = clip.motion ? `Keyframe ${clip.name}` : "";
  if (clip.problem) tell(`${clip.name}: ${clip.problem}`, "warn");
  render();
  play(Boolean(clip.motion) && !calm.matches);
}

const go = (by) => show(clamp(desk.at + by, 0, desk.clips.length - 1));

async function accept() {
  if (await save()) await go(1);
}

function render() {
  const clip = current();
  $("stage").classList.toggle("broken", Boolean(clip?.broken));
  $("broken").textContent = clip?.broken ?? "";
  $("frame").hidden = !clip?.motion;
  drawHeader(clip);
  drawPanel(clip);
  if (clip?.motion) {
    fitFrame();
    drawStage(clip);
    drawPlayer();
  }
  drawFilm();
}

function drawHeader(clip) {
  const count = desk.clips.length;
  $("name").textContent = clip?.name ?? "";
  $("place").textContent = count ? `${desk.at + 1} of ${count}` : "";
  $("dirty").hidden = !clip?.motion || isSaved(clip);
  $("dirty").textContent = clip?.savedText === null ? "not saved yet" : "changed";
  $("previous").disabled = desk.at <= 0;
  $("next").disabled = desk.at >= count - 1;
  $("undo").disabled = !clip?.past.length;
  $("redo").disabled = !clip?.future.length;
  $("reset").disabled = !clip?.motion;
  $("save").disabled = !clip?.motion;
  $("save-all").hidden = count < 2;
}

// Film strip.

function buildFilm() {
  const items = desk.clips.map((clip, index) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const picture = document.createElement("img");
    const name = document.createElement("span");
    button.type = "button";
    picture.alt = "";
    picture.loading = "lazy";
    picture.decoding = "async";
    picture.src = clip.thumb;
    name.textContent = stemOf(clip.name);
    button.append(picture, name);
    button.addEventListener("click", () => show(index));
    item.append(button);
    return item;
  });
  $("film").replaceChildren(...items);
  $("film").hidden = desk.clips.length < 2;
}

function drawFilm() {
  desk.clips.forEach((clip, index) => {
    const button = $("film").children[index]?.firstChild;
    if (!button) return;
    const [tone, words] = filmMark(clip);
    button.dataset.tone = tone;
    button.setAttribute("aria-label", words ? `${clip.name}, ${words}` : clip.name);
    button.title = clip.name;
    if (index !== desk.at) button.removeAttribute("aria-current");
    else if (!button.hasAttribute("aria-current")) {
      button.setAttribute("aria-current", "true");
      button.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  });
}

function filmMark(clip) {
  if (clip.broken) return ["bad", "cannot be read"];
  if (clip.motion && !speedOf(clip).safe) return ["bad", "too fast"];
  if (clip.motion ? isSaved(clip) : clip.sidecar) return ["good", "saved"];
  return clip.motion && isEdited(clip) ? ["warn", "changed"] : ["", ""];
}

let hush = 0;
function tell(text, tone) {
  clearTimeout(hush);
  $("message").textContent = text;
  $("message").className = `message ${tone}`;
  if (tone === "good") hush = setTimeout(() => { $("message").textContent = ""; }, 6000);
}

// Keyboard. A control keeps the keys it lives by; all others, and all keys elsewhere, are the page's.

const OWN_KEYS = [
  ["input[type=text], input[type=number]", /^(?!Escape)/],
  ["input[type=radio]", /^(Arrow| )/],
  ["input[type=range]", /^(Arrow|Page|Home|End)/],
  ["input[type=checkbox]", /^ /],
  ["button", /^(Enter| )/],
];

const owns = (node, key) =>
  OWN_KEYS.some(([selector, keys]) => node.matches(selector) && keys.test(key));

// A control clicked with the mouse lets go, so that arrows turn keyframes again. Clicks made by
// keyboards and screen readers count none.
function letGoOfControl(event) {
  if (event.detail > 0 && event.target.matches("input:not([type=text], [type=number])")) {
    event.target.blur();
  }
}

function withControl(event) {
  const key = event.key.toLowerCase();
  const clip = current();
  if (!clip?.motion) return false;
  if (key === "s") save();
  else if (event.target.matches("input[type=text], input[type=number]")) return false;
  else if (key === "y" || (key === "z" && event.shiftKey)) redo(clip);
  else if (key === "z") undo(clip);
  else return false;
  render();
  return true;
}

const KEYS = {
  ArrowLeft: () => go(-1),
  ArrowRight: () => go(1),
  PageUp: () => go(-1),
  PageDown: () => go(1),
  Enter: accept,
  r: () => { reset(current()); render(); },
  u: () => { undo(current()); render(); },
  s: () => change("swap", swapEnds),
  1: () => rectNode("start").focus(),
  2: () => rectNode("end").focus(),
  " ": () => play(!player.playing),
  Escape: () => document.activeElement.blur(),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey) {
    if (withControl(event)) event.preventDefault();
    return;
  }
  const rect = event.target.closest(".rect");
  if (rect && nudge(event, rect.dataset.end)) {
    event.preventDefault();
    return;
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.altKey || !KEYS[key] || !current()?.motion && !/^(Arrow|Page)/.test(key)) return;
  if (owns(event.target, key)) return;
  event.preventDefault();
  KEYS[key]();
}

function build() {
  buildStage();
  buildPanel();
  const clicks = {
    previous: () => go(-1),
    next: () => go(1),
    undo: () => { undo(current()); render(); },
    redo: () => { redo(current()); render(); },
    reset: () => { reset(current()); render(); },
    swap: () => change("swap", swapEnds),
    save: () => save(),
    "save-all": saveAll,
    play: () => play(!player.playing),
    add: () => $("files").click(),
    choose: () => $("files").click(),
  };
  for (const [id, act] of Object.entries(clicks)) $(id).addEventListener("click", act);
  $("scrub").addEventListener("input", () => {
    player.playing = false;
    player.sec = $("scrub").valueAsNumber;
    drawPlayer();
  });
  $("stage").addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".rect")) document.activeElement.blur();
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", letGoOfControl);
  new ResizeObserver(() => drawPlayer()).observe($("screen"));
  window.onbeforeunload = (event) => {
    if (desk.clips.some(isEdited)) event.preventDefault();
  };

  if (served) {
    $("add").hidden = true;
    openFolder();
    return;
  }
  document.body.classList.add("empty");
  $("files").addEventListener("change", () => {
    takeFiles($("files").files);
    $("files").value = "";
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("hovering");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("hovering");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("hovering");
    takeFiles(event.dataTransfer.files);
  });
}

build();
