// Everything beside the stage: the move's settings, its numbers, and whether it is slow enough.

const PRESET_ASPECTS = ["16:9", "9:16", "1:1", "4:5"];
const USUAL_SEC = [4, 8];
const LEAST_SHORT_SIDE = 480; // below it the pipeline enlarges the picture, and says so
const METER_TOP = 0.3; // the right end of the speed meter; the limit stands at two thirds

const checked = (name, value) => {
  for (const radio of document.getElementsByName(name)) radio.checked = radio.value === value;
};

function change(label, edit) {
  const clip = current();
  if (!clip?.motion) return;
  step(clip, label, edit);
  render();
}

function buildPanel() {
  watchTyping();
  for (const name of ["type", "easing", "aspect"]) {
    for (const radio of document.getElementsByName(name)) {
      radio.addEventListener("change", () => choose(name, radio.value));
    }
  }
  $("aspect-custom").addEventListener("input", customAspect);
  $("duration").addEventListener("input", () => setDuration($("duration").valueAsNumber));
  $("duration").addEventListener("change", render);
  $("duration-slider").addEventListener("input", () =>
    setDuration($("duration-slider").valueAsNumber),
  );
  $("enough").addEventListener("click", () =>
    setDuration(Math.max(SHORTEST_SEC, enoughSec(speedOf(current()).minimum))),
  );
  $("intensity-on").addEventListener("change", () => {
    const intensity = $("intensity-on").checked ? $("intensity").valueAsNumber : null;
    change("intensity on", (clip) => setIntensity(clip, intensity));
  });
  $("intensity").addEventListener("input", () => {
    const intensity = $("intensity").valueAsNumber;
    change("intensity", (clip) => setIntensity(clip, intensity));
  });
  for (const which of ENDS) {
    for (const side of ["x", "y", "w", "h"]) {
      $(`${which}-${side}`).addEventListener("change", () => typeRect(which, side));
    }
  }
}

function choose(name, value) {
  if (name === "type") change("type", (clip) => setType(clip, value));
  if (name === "easing") change("easing", (clip) => { clip.motion.easing = value; });
  if (name !== "aspect") return;
  const custom = value === "custom";
  $("aspect-custom").hidden = !custom;
  if (!custom) change("aspect", (clip) => setAspect(clip, value === "own" ? null : value));
  else {
    $("aspect-custom").value = nameAspect(outputAspectOf(current()));
    $("aspect-custom").focus();
    customAspect();
  }
}

function customAspect() {
  const asked = parseAspect($("aspect-custom").value);
  $("aspect-custom").setAttribute("aria-invalid", String(!asked));
  if (asked) change("aspect text", (clip) => setAspect(clip, asked.text));
}

function setDuration(seconds) {
  if (!(seconds >= SHORTEST_SEC && seconds <= LONGEST_SEC)) return;
  change("duration", (clip) => { clip.motion.duration = seconds; });
}

// Numbers are keyframe pixels; a side typed decides the other, and what does not fit is held back.
function typeRect(which, side) {
  const value = $(`${which}-${side}`).valueAsNumber;
  const clip = current();
  if (Number.isFinite(value) && clip?.motion) {
    const rect = clip.motion[which];
    const ratio = ratioOf(clip);
    let [x, y, width] = [rect[0], rect[1], widthOf(rect)];
    if (side === "x") x = value / clip.width;
    if (side === "y") y = value / clip.height;
    if (side === "w") width = value / clip.width;
    if (side === "h") width = (value / clip.height) * ratio;
    step(clip, `type ${which}`, () =>
      setRect(clip, which, placeRect(clamp(x, 0, 1), clamp(y, 0, 1), width, ratio)),
    );
  }
  render();
}

function drawPanel(clip) {
  const ready = Boolean(clip?.motion);
  $("panel").inert = !ready;
  $("numbers").inert = !ready;
  if (!ready) return;
  const { type, easing, duration, intensity } = clip.motion;
  checked("type", type);
  checked("easing", easing);
  drawAspect(clip);
  if (!isTyping($("duration"))) $("duration").value = String(sixDigits(duration));
  $("duration-slider").value = String(duration);
  $("duration-note").hidden = duration >= USUAL_SEC[0] && duration <= USUAL_SEC[1];
  $("intensity-on").checked = intensity !== null;
  $("intensity").disabled = intensity === null;
  if (intensity !== null) $("intensity").value = String(intensity);
  $("intensity-value").textContent = intensity === null ? "off" : intensity.toFixed(2);
  drawSpeed(clip);
  drawNumbers(clip);
}

// A number half typed is left alone; once it is entered, it shows what became of it.
let typing = null;
const isTyping = (input) => input === typing;

function watchTyping() {
  document.addEventListener("input", (event) => { typing = event.target; }, true);
  for (const end of ["change", "focusout"]) {
    document.addEventListener(end, () => { typing = null; }, true);
  }
}

function drawAspect(clip) {
  const custom = clip.aspect !== null && !PRESET_ASPECTS.includes(clip.aspect);
  const naming = document.activeElement === $("aspect-custom");
  if (!naming || custom) checked("aspect", custom ? "custom" : clip.aspect ?? "own");
  if (!naming) {
    $("aspect-custom").hidden = !custom;
    if (custom) $("aspect-custom").value = clip.aspect;
    $("aspect-custom").setAttribute("aria-invalid", "false");
  }
}

function drawSpeed(clip) {
  const { peak, mean, minimum, safe } = speedOf(clip);
  $("peak").textContent = peak.toFixed(3);
  $("mean").textContent = mean.toFixed(3);
  $("speed").classList.toggle("bad", !safe);
  $("verdict").textContent = safe ? "Calm enough" : "Too fast";
  $("verdict").className = `pill ${safe ? "good" : "bad"}`;
  $("meter-peak").style.width = `${100 * Math.min(1, peak / METER_TOP)}%`;
  $("meter-mean").style.left = `${100 * Math.min(1, mean / METER_TOP)}%`;
  $("meter").setAttribute("aria-valuenow", peak.toFixed(3));
  $("meter").setAttribute(
    "aria-valuetext",
    `peak ${peak.toFixed(3)}, mean ${mean.toFixed(3)}, limit ${SPEED_LIMIT.toFixed(2)} viewport widths a second`,
  );
  const enough = enoughSec(minimum);
  $("shortest").textContent =
    minimum > 0 ? `Passes from ${enough.toFixed(1)} s on` : "The camera stands still";
  $("enough").hidden = safe || enough > LONGEST_SEC;
  $("enough").textContent = `Make it ${enough.toFixed(1)} s`;
}

function drawNumbers(clip) {
  for (const which of ENDS) {
    const rect = clip.motion[which];
    const pixels = {
      x: rect[0] * clip.width, y: rect[1] * clip.height,
      w: widthOf(rect) * clip.width, h: heightOf(rect) * clip.height,
    };
    for (const [side, value] of Object.entries(pixels)) {
      const input = $(`${which}-${side}`);
      if (!isTyping(input)) input.value = String(Math.round(value * 10) / 10);
    }
    $(`${which}-exact`).textContent = rect.map((edge) => edge.toFixed(4)).join("  ");
  }
  const { start, end } = clip.motion;
  const closest = widthOf(start) < widthOf(end) ? start : end;
  const size = [widthOf(closest) * clip.width, heightOf(closest) * clip.height];
  const small = Math.min(...size) * 1.005 < LEAST_SHORT_SIDE;
  $("closest").textContent = `Closest view ${size.map(Math.round).join(" × ")} px`;
  $("closest").classList.toggle("warn", small);
  $("closest").title = small ? "Smaller than 480p: the picture will be enlarged and look soft." : "";
  $("soft").hidden = !small;
}
