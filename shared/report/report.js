"use strict";

// The page is complete without this script; it filters, and unfolds the cards of long batches.

const page = document.getElementById("clips");
const form = document.getElementById("filters");
const shown = document.getElementById("shown");
const wanted = { good: "all", name: "" };

const matches = (card) =>
  (wanted.good === "all" || card.dataset.good === wanted.good) &&
  card.dataset.name.includes(wanted.name);

// Sheaves: lists of cards that are still text.

const folded = new Map();

function unfold(list) {
  const text = folded.get(list);
  if (text === undefined) return;
  folded.delete(list);
  nearby.unobserve(list);
  list.innerHTML = text;
  list.style.minHeight = "";
  for (const card of list.children) card.hidden = !matches(card);
  dress(list);
}

// How many of a folded sheaf's cards may match; a name is looked for in its text.
function promise(list) {
  const count =
    wanted.good === "all"
      ? Number(list.dataset.yes) + Number(list.dataset.no)
      : Number(list.dataset[wanted.good]);
  return wanted.name && count ? list.names.filter((name) => name.includes(wanted.name)).length : count;
}

const nearby = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => unfold(entry.target)),
  { rootMargin: "150% 0px" },
);

function reserve(list) {
  const count = promise(list);
  const columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
  list.hidden = count === 0;
  list.style.minHeight = `${Math.ceil(count / columns) * 27}rem`;
}

const reader = document.createElement("textarea");

for (const list of page.querySelectorAll(".sheaf")) {
  const text = list.firstElementChild.textContent;
  list.names = Array.from(text.matchAll(/data-name="([^"]*)"/g), (found) => {
    reader.innerHTML = found[1]; // turns &amp; and its kind back into letters
    return reader.value;
  });
  list.replaceChildren();
  folded.set(list, text);
  reserve(list);
  nearby.observe(list);
}

// Filter.

function apply() {
  let count = 0;
  for (const list of page.querySelectorAll(".cards")) {
    if (folded.has(list)) {
      reserve(list);
      count += promise(list);
      continue;
    }
    let here = 0;
    for (const card of list.children) {
      card.hidden = !matches(card);
      if (!card.hidden) here += 1;
    }
    list.hidden = here === 0;
    count += here;
  }
  const narrowed = wanted.good !== "all" || wanted.name;
  shown.textContent = narrowed ? `${count.toLocaleString("en")} shown` : "";
}

if (form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    wanted.good = new FormData(form).get("show") ?? "all";
    wanted.name = document.getElementById("find").value.trim().toLowerCase();
    apply();
  });
  form.reset(); // browsers restore old choices on reload; the list starts unfiltered
}

// The poster is the play button until a film has been started; then the browser's controls take over.
function dress(list) {
  for (const film of list.querySelectorAll("video")) {
    film.controls = false;
    const play = document.createElement("button");
    play.type = "button";
    play.className = "play";
    play.setAttribute("aria-label", `Play ${film.getAttribute("aria-label")}`);
    play.addEventListener("click", () => {
      film.controls = true;
      play.remove();
      film.focus();
      film.play().catch(() => {}); // a film that is not there is told of by its error event
    });
    film.after(play);
  }
}

for (const list of page.querySelectorAll(".cards")) dress(list);

// One film at a time.
page.addEventListener(
  "play",
  (event) => {
    for (const film of page.querySelectorAll("video")) if (film !== event.target) film.pause();
  },
  true,
);

// Frames to look at are small on a card: each becomes a button that shows them as large as they are.
for (const frames of page.querySelectorAll(".sheet img")) {
  const enlarge = document.createElement("button");
  enlarge.type = "button";
  enlarge.className = "enlarge";
  enlarge.setAttribute("aria-label", `Enlarge: ${frames.alt}`);
  frames.replaceWith(enlarge);
  enlarge.append(frames);
  enlarge.addEventListener("click", () => {
    const large = document.createElement("dialog");
    large.className = "large";
    large.append(frames.cloneNode());
    large.addEventListener("click", () => large.close());
    large.addEventListener("close", () => large.remove());
    document.body.append(large);
    large.showModal();
  });
}

// A film or picture that is not there says so instead of staying black.
page.addEventListener(
  "error",
  (event) => {
    const stage = event.target.closest?.(".stage");
    if (!stage || stage.querySelector(".note")) return;
    if (event.target.localName === "image") event.target.remove();
    stage.querySelector(".play")?.remove();
    const note = document.createElement("span");
    note.className = "note";
    note.textContent = stage.classList.contains("film")
      ? "The film is not beside this page"
      : "Keyframe not shown";
    stage.append(note);
  },
  true,
);

addEventListener("beforeprint", () => [...folded.keys()].forEach(unfold));
