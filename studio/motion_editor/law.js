// The camera's law, number for number that of shared/motion: easing, path, speed, first rectangles.
// tests/studio hold the two together. A rectangle is [x1, y1, x2, y2] in fractions of the picture.

const SPEED_LIMIT = 0.2; // viewport widths a second, at the peak
const HALF_PI = Math.PI / 2;

// Share of the way for a share of the time, and how much faster than the mean the peak is.
const EASINGS = {
  linear: { ease: (u) => u, peak: 1 },
  ease_in: { ease: (u) => 1 - Math.cos(HALF_PI * u), peak: HALF_PI },
  ease_out: { ease: (u) => Math.sin(HALF_PI * u), peak: HALF_PI },
  ease_in_out: { ease: (u) => (1 - Math.cos(Math.PI * u)) / 2, peak: HALF_PI },
};

const widthOf = (rect) => rect[2] - rect[0];
const heightOf = (rect) => rect[3] - rect[1];
const centreOf = (rect) => [(rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2];
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const sameRect = (a, b) => a.every((edge, i) => edge === b[i]);

function ease(easing, u) {
  if (u <= 0) return 0;
  if (u >= 1) return 1;
  return EASINGS[easing].ease(u);
}

// The width grows or shrinks by ratio, so a zoom looks even; all four edges share one blend.
function rectAtProgress(start, end, s) {
  if (s <= 0 || sameRect(start, end)) return start;
  if (s >= 1) return end;
  const growth = Math.log(widthOf(end) / widthOf(start));
  const q = growth ? Math.expm1(s * growth) / Math.expm1(growth) : s;
  return start.map((from, i) => {
    const to = end[i];
    return clamp(from + q * (to - from), Math.min(from, to), Math.max(from, to));
  });
}

const rectAt = (start, end, easing, u) => rectAtProgress(start, end, ease(easing, u));

function logarithmicMean(a, b) {
  const ratio = (b - a) / a;
  return Math.abs(ratio) > 1e-12 ? (b - a) / Math.log1p(ratio) : a;
}

// Way of the fastest corner over the whole move, in viewport widths.
function screenTravel(start, end, keyframeAspect) {
  const across = Math.max(Math.abs(end[0] - start[0]), Math.abs(end[2] - start[2]));
  const down = Math.max(Math.abs(end[1] - start[1]), Math.abs(end[3] - start[3]));
  const way = Math.hypot(across, down / keyframeAspect);
  return way / logarithmicMean(widthOf(start), widthOf(end));
}

function motionSpeed(start, end, easing, durationSec, keyframeAspect) {
  const factor = EASINGS[easing].peak;
  const mean = screenTravel(start, end, keyframeAspect) / durationSec;
  return { peak: factor * mean, mean, factor };
}

function minimumDuration(start, end, easing, keyframeAspect) {
  return (EASINGS[easing].peak * screenTravel(start, end, keyframeAspect)) / SPEED_LIMIT;
}

// The same in tenths of a second, rounded up, as the pipeline's hint says it.
const enoughSec = (minimum) => Math.ceil(minimum * 10 - 1e-6) / 10;

// Where a move begins and ends when only its name and strength are known.

const DEFAULT_INTENSITY = 0.5;
const FULL_ZOOM = 1.25;
const FULL_PAN = 0.25;
const LEAST_SHARE = 0.1;
const OPPOSITE = {
  zoom_in: "zoom_out", zoom_out: "zoom_in", pan_left: "pan_right", pan_right: "pan_left",
  pan_up: "pan_down", pan_down: "pan_up", static: "static",
};
const DIRECTION = { pan_left: [-1, 0], pan_right: [1, 0], pan_up: [0, -1], pan_down: [0, 1] };

function scaled(rect, scale) {
  const [x, y] = centreOf(rect);
  const width = widthOf(rect) * scale;
  const height = heightOf(rect) * scale;
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

const moved = (rect, right, down) => [
  rect[0] + right, rect[1] + down, rect[2] + right, rect[3] + down,
];

// The same size, shifted by as little as brings it into the picture.
function inside(rect) {
  const right = Math.max(0, -rect[0]) - Math.max(0, rect[2] - 1);
  const down = Math.max(0, -rect[1]) - Math.max(0, rect[3] - 1);
  return moved(rect, right, down).map((edge) => clamp(edge, 0, 1));
}

function largestCrop(keyframeAspect, outputAspect) {
  const ratio = outputAspect / keyframeAspect;
  if (Math.abs(ratio - 1) < 1e-9) return [0, 0, 1, 1];
  const width = Math.min(1, ratio);
  const height = Math.min(1, 1 / ratio);
  return inside([0.5 - width / 2, 0.5 - height / 2, 0.5 + width / 2, 0.5 + height / 2]);
}

function panWay(rect, type, amount, keyframeAspect) {
  const along = DIRECTION[type][0]
    ? widthOf(rect)
    : Math.min(heightOf(rect), widthOf(rect) * keyframeAspect);
  return FULL_PAN * amount * along;
}

function defaultRects(type, intensity, keyframeAspect, outputAspect) {
  const amount = intensity ?? DEFAULT_INTENSITY;
  let crop = largestCrop(keyframeAspect, outputAspect);
  if (type === "static" || type === "custom") return [crop, crop];
  if (type === "zoom_in") return [crop, scaled(crop, FULL_ZOOM ** -amount)];
  if (type === "zoom_out") return [scaled(crop, FULL_ZOOM ** -amount), crop];
  const [right, down] = DIRECTION[type];
  const way = panWay(crop, type, amount, keyframeAspect);
  crop = scaled(crop, Math.min(1, 1 / ((right ? widthOf(crop) : heightOf(crop)) + way)));
  const half = panWay(crop, type, amount, keyframeAspect) / 2;
  return [moved(crop, -right * half, -down * half), moved(crop, right * half, down * half)];
}

// Where `type` leads from `rect`; null where the picture's edge leaves it no room.
function continued(type, intensity, rect, keyframeAspect) {
  const amount = intensity ?? DEFAULT_INTENSITY;
  if (type === "custom") return null;
  if (type === "static" || amount === 0) return rect;
  if (type === "zoom_in") return scaled(rect, FULL_ZOOM ** -amount);
  let wanted;
  let reached;
  if (type === "zoom_out") {
    wanted = scaled(rect, FULL_ZOOM ** amount);
    const room = Math.min(FULL_ZOOM ** amount, 1 / widthOf(rect), 1 / heightOf(rect));
    reached = inside(scaled(rect, room));
  } else {
    const way = panWay(rect, type, amount, keyframeAspect);
    wanted = moved(rect, DIRECTION[type][0] * way, DIRECTION[type][1] * way);
    reached = inside(wanted);
  }
  const distance = (other) => Math.max(...rect.map((edge, i) => Math.abs(edge - other[i])));
  return distance(reached) < LEAST_SHARE * distance(wanted) ? null : reached;
}

// What was given stays; what was left open is filled in.
function completeRects(type, intensity, start, end, keyframeAspect, outputAspect) {
  if (start && end) return [start, end];
  if (start) return [start, continued(type, intensity, start, keyframeAspect) ?? start];
  if (end) {
    return [continued(OPPOSITE[type] ?? type, intensity, end, keyframeAspect) ?? end, end];
  }
  return defaultRects(type, intensity, keyframeAspect, outputAspect);
}
