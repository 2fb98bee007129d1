// The keyframes on the desk, the one in hand, and every step back.

const desk = { clips: [], at: -1 };
const current = () => desk.clips[desk.at] ?? null;

const COALESCE_MS = 800;

function newClip({ name, url, thumb, sidecar = null, problem = "", save = null }) {
  return {
    name, url, thumb, sidecar, problem, save,
    width: 0, height: 0, image: null, broken: "",
    rest: {}, keptMotion: {}, aspect: null, motion: null,
    untouched: false, // its rectangles are those of the move's name, and follow it
    keepCustom: false, // somebody chose "custom"; dragging does not rename the move
    past: [], future: [], last: { label: "", time: 0 },
    savedText: null,
  };
}

// Decode the keyframe, then lay out its sidecar; a picture is only loaded when it is wanted.
async function openClip(clip) {
  if (clip.motion || clip.broken) return;
  const image = new Image();
  image.src = clip.url;
  try {
    await image.decode();
  } catch {
    clip.broken = "This picture cannot be read here. PNG and JPEG always can.";
    return;
  }
  if (clip.motion) return; // opened twice at once
  clip.image = image;
  clip.width = image.naturalWidth;
  clip.height = image.naturalHeight;
  layOut(clip);
}

function layOut(clip) {
  const read = readSidecar(clip.sidecar, clip.width, clip.height);
  clip.rest = read.rest;
  clip.keptMotion = read.keptMotion;
  clip.aspect = read.aspect;
  clip.motion = read.motion;
  clip.keepCustom = read.motion.type === "custom";
  clip.untouched = atDefault(clip);
  clip.first = snapshot(clip);
  clip.savedText = clip.sidecar && !read.changed && !clip.problem ? sidecarText(clip) : null;
  if (read.changed) clip.problem ||= "A rectangle was reshaped: both must have the output's shape.";
}

const keyframeAspectOf = (clip) => clip.width / clip.height;
const outputAspectOf = (clip) =>
  clip.aspect ? parseAspect(clip.aspect).aspect : keyframeAspectOf(clip);
const ratioOf = (clip) => outputAspectOf(clip) / keyframeAspectOf(clip);
const isSaved = (clip) => clip.motion !== null && sidecarText(clip) === clip.savedText;
const isEdited = (clip) => clip.past.length > 0 && !isSaved(clip);

function speedOf(clip) {
  const { start, end, easing, duration } = clip.motion;
  const aspect = keyframeAspectOf(clip);
  const minimum = minimumDuration(start, end, easing, aspect);
  const speed = motionSpeed(start, end, easing, duration, aspect);
  return { ...speed, minimum, safe: speed.peak <= SPEED_LIMIT * (1 + 1e-9) };
}

// Steps.

const snapshot = ({ motion, aspect, untouched, keepCustom }) =>
  structuredClone({ motion, aspect, untouched, keepCustom });

// One step: what `edit` does. Steps of one label in quick succession are one step to take back.
function step(clip, label, edit) {
  const time = performance.now();
  const same = label === clip.last.label && time - clip.last.time < COALESCE_MS;
  const before = snapshot(clip);
  edit(clip);
  if (JSON.stringify(before) === JSON.stringify(snapshot(clip))) return;
  if (!same) clip.past.push(before);
  clip.future.length = 0;
  clip.last = { label, time };
}

function travel(clip, from, to) {
  if (!from.length) return false;
  to.push(snapshot(clip));
  Object.assign(clip, from.pop());
  clip.last = { label: "", time: 0 };
  return true;
}

const undo = (clip) => travel(clip, clip.past, clip.future);
const redo = (clip) => travel(clip, clip.future, clip.past);
const reset = (clip) =>
  step(clip, `reset ${performance.now()}`, () => Object.assign(clip, structuredClone(clip.first)));

// What can be done to a clip. Each keeps the four promises: shape, bounds, least size, a true name.

function setRect(clip, which, rect) {
  clip.motion[which] = rect;
  clip.untouched = false;
  if (!clip.keepCustom) clip.motion.type = typeOf(clip.motion.start, clip.motion.end);
}

function setType(clip, type) {
  clip.motion.type = type;
  clip.keepCustom = type === "custom";
  if (type !== "custom") followName(clip);
}

function setIntensity(clip, intensity) {
  clip.motion.intensity = intensity;
  if (clip.untouched) followName(clip);
}

function setAspect(clip, aspect) {
  const follows = clip.untouched;
  clip.aspect = aspect;
  if (follows) followName(clip);
  else {
    const { start, end } = clip.motion;
    setRect(clip, "start", reshaped(start, ratioOf(clip)));
    setRect(clip, "end", reshaped(end, ratioOf(clip)));
  }
}

function swapEnds(clip) {
  const { start, end } = clip.motion;
  clip.motion.start = end;
  setRect(clip, "end", start);
}

function followName(clip) {
  [clip.motion.start, clip.motion.end] = namedRects(clip);
  clip.untouched = true;
}

const namedRects = (clip) =>
  defaultRects(
    clip.motion.type, clip.motion.intensity, keyframeAspectOf(clip), outputAspectOf(clip),
  );

function atDefault(clip) {
  if (clip.motion.type === "custom") return false;
  const rects = namedRects(clip);
  const near = (a, b) => a.every((edge, i) => Math.abs(edge - b[i]) < 2e-6);
  return near(rects[0], clip.motion.start) && near(rects[1], clip.motion.end);
}
