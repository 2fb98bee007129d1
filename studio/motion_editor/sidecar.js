// `<stem>.motion.json`: read in any of the manifest's spellings, written in the canonical one.
// Everything that this editor does not edit (prompt, model, frame rate …) is kept as it was.

const TYPES = [
  "static", "zoom_in", "zoom_out", "pan_left", "pan_right", "pan_up", "pan_down", "custom",
];
const MOTION_NAMES = {
  type: "type", motion_type: "type", intensity: "intensity", motion_intensity: "intensity",
  start_rect: "start_rect", start_frame: "start_rect", start_crop: "start_rect",
  end_rect: "end_rect", end_frame: "end_rect", end_crop: "end_rect",
  duration_sec: "duration_sec", easing: "easing",
};
const NOT_EDITED = ["strategy"]; // of the motion, kept as it was
const IMAGE_NAMES = ["image_path", "keyframe", "image"];
const FIRST_MOTION = { type: "zoom_in", duration: 4, easing: "ease_in_out", intensity: null };
const SHORTEST_SEC = 0.2;
const LONGEST_SEC = 60;
const ASPECT_TOLERANCE = 0.005;

const isObject = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function stemOf(name) {
  const base = name.slice(name.lastIndexOf("/") + 1);
  if (base.toLowerCase().endsWith(".motion.json")) return base.slice(0, -".motion.json".length);
  return base.includes(".") ? base.slice(0, base.lastIndexOf(".")) : base;
}

// The document without its motion, and the motion by canonical names.
function takeApart(document_) {
  const rest = {};
  const motion = {};
  for (const [name, value] of Object.entries(isObject(document_) ? document_ : {})) {
    if (name === "motion" && isObject(value)) {
      for (const [inner, innerValue] of Object.entries(value)) {
        motion[MOTION_NAMES[inner] ?? inner] = innerValue;
      }
    } else if (Object.hasOwn(MOTION_NAMES, name)) motion[MOTION_NAMES[name]] ??= value;
    else if (!IMAGE_NAMES.includes(name) && name !== "schema_version") rest[name] = value;
  }
  return { rest, motion };
}

function rectOrNull(value) {
  const fine =
    Array.isArray(value) && value.length === 4 &&
    value.every((edge) => typeof edge === "number" && edge >= 0 && edge <= 1) &&
    value[2] - value[0] >= 0.01 - 1e-9 && value[3] - value[1] >= 0.01 - 1e-9;
  return fine ? value.slice() : null;
}

const between = (value, low, high) =>
  typeof value === "number" && value >= low && value <= high ? value : null;

// What the editor works on: { motion, keptMotion, aspect, rest }. `aspect` is null for the keyframe's own shape.
function readSidecar(document_, width, height) {
  const { rest, motion: said } = takeApart(document_);
  const keyframeAspect = width / height;
  const start = rectOrNull(said.start_rect);
  const end = rectOrNull(said.end_rect);
  const drawn = start ?? end;
  const asked = parseAspect(String(rest.finish?.aspect ?? ""));
  let aspect = asked?.text ?? null;
  if (!asked && drawn) {
    const ratio = widthOf(drawn) / heightOf(drawn);
    if (Math.abs(ratio - 1) > ASPECT_TOLERANCE) aspect = nameAspect(ratio * keyframeAspect);
  }
  const outputAspect = aspect ? parseAspect(aspect)?.aspect ?? keyframeAspect : keyframeAspect;
  const ratio = outputAspect / keyframeAspect;
  const unlike = (rect) => Math.abs(widthOf(rect) / heightOf(rect) / ratio - 1) > ASPECT_TOLERANCE;
  const fitted = (rect) => (rect && unlike(rect) ? reshaped(rect, ratio) : rect);

  const intensity = between(said.intensity, 0, 1);
  // Two different rectangles without any word are a move of their own; nothing at all gets a zoom.
  const named = TYPES.includes(said.type) ? said.type : null;
  const guessed = start && end ? typeOf(fitted(start), fitted(end)) : FIRST_MOTION.type;
  const type = named ?? guessed;
  const rects = completeRects(
    type, intensity, fitted(start), fitted(end), keyframeAspect, outputAspect,
  );
  return {
    rest,
    keptMotion: Object.fromEntries(NOT_EDITED.filter((name) => Object.hasOwn(said, name))
      .map((name) => [name, said[name]])),
    aspect,
    changed: [start, end].some((rect) => rect && unlike(rect)),
    motion: {
      type: start && end && !agrees(type, ...rects) ? typeOf(...rects) : type,
      start: rects[0],
      end: rects[1],
      duration: between(said.duration_sec, SHORTEST_SEC, LONGEST_SEC) ?? FIRST_MOTION.duration,
      easing: Object.hasOwn(EASINGS, said.easing) ? said.easing : FIRST_MOTION.easing,
      intensity,
    },
  };
}

// Does the word contradict the rectangles? The same rules as the manifest's.
function agrees(type, start, end) {
  const told = typeOf(start, end);
  const grows = widthOf(end) * heightOf(end) - widthOf(start) * heightOf(start);
  const sameSize =
    Math.abs(widthOf(end) - widthOf(start)) <= CLOSE &&
    Math.abs(heightOf(end) - heightOf(start)) <= CLOSE;
  if (type === "static") return told === "static";
  if (type === "zoom_in") return grows <= CLOSE;
  if (type === "zoom_out") return grows >= -CLOSE;
  return type === "custom" || sameSize;
}

const sixDigits = (value) => Math.round(value * 1e6) / 1e6;

function writeSidecar(clip) {
  const { type, start, end, duration, easing, intensity } = clip.motion;
  const { finish, ...rest } = clip.rest;
  const { aspect: _, ...otherFinish } = isObject(finish) ? finish : {};
  const newFinish = clip.aspect ? { ...otherFinish, aspect: clip.aspect } : otherFinish;
  return {
    schema_version: "1",
    image_path: clip.name.slice(clip.name.lastIndexOf("/") + 1),
    motion: {
      type,
      start_rect: start.map(sixDigits),
      end_rect: end.map(sixDigits),
      duration_sec: sixDigits(duration),
      easing,
      ...(intensity === null ? {} : { intensity: sixDigits(intensity) }),
      ...clip.keptMotion,
    },
    ...(Object.keys(newFinish).length ? { finish: newFinish } : {}),
    ...rest,
  };
}

const sidecarText = (clip) => `${JSON.stringify(writeSidecar(clip), null, 2)}\n`;
