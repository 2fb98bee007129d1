// What hands do to a rectangle: move, resize, nudge. It keeps its shape and stays in the picture.
// `ratio` is the rectangle's width over its height in fractions: output aspect / keyframe aspect.

const MIN_SIDE = 0.0102; // the manifest's least is 0.01; rounding must not fall below it
const CLOSE = 1e-4; // rectangles count as equal below this, as in the manifest's rules

function moveRect(rect, right, down) {
  const x = clamp(rect[0] + right, 0, 1 - widthOf(rect));
  const y = clamp(rect[1] + down, 0, 1 - heightOf(rect));
  return [x, y, Math.min(1, x + widthOf(rect)), Math.min(1, y + heightOf(rect))];
}

// `corner` says which one is held (nw, ne, sw, se); the opposite one stays where it is.
function resizeRect(rect, corner, x, y, ratio) {
  const east = corner.includes("e");
  const south = corner.includes("s");
  const fixedX = east ? rect[0] : rect[2];
  const fixedY = south ? rect[1] : rect[3];
  const reachX = Math.max(0, east ? x - fixedX : fixedX - x);
  const reachY = Math.max(0, south ? y - fixedY : fixedY - y);
  const most = Math.min(east ? 1 - fixedX : fixedX, (south ? 1 - fixedY : fixedY) * ratio);
  const width = sized(Math.max(reachX, reachY * ratio), most, ratio);
  return within([
    east ? fixedX : fixedX - width,
    south ? fixedY : fixedY - width / ratio,
    east ? fixedX + width : fixedX,
    south ? fixedY + width / ratio : fixedY,
  ]);
}

function resizeAroundCentre(rect, width, ratio) {
  const [x, y] = centreOf(rect);
  const most = 2 * Math.min(x, 1 - x, y * ratio, (1 - y) * ratio);
  return around(x, y, sized(width, most, ratio), ratio);
}

// Wanted by its size: it may leave its centre to stay whole.
function placeRect(x, y, width, ratio) {
  const kept = sized(width, Math.min(1, ratio), ratio);
  return within(moveRect([0, 0, kept, kept / ratio], x, y));
}

// The rectangle of another shape around the same centre, nearest in area, that fits.
function reshaped(rect, ratio) {
  const x = clamp(centreOf(rect)[0], 0.01, 0.99);
  const y = clamp(centreOf(rect)[1], 0.01, 0.99);
  const most = 2 * Math.min(x, 1 - x, y * ratio, (1 - y) * ratio);
  const wanted = Math.sqrt(widthOf(rect) * heightOf(rect) * ratio);
  return around(x, y, Math.min(wanted, most), ratio);
}

const sized = (width, most, ratio) =>
  Math.max(Math.min(width, most), Math.min(most, MIN_SIDE * Math.max(1, ratio)));

const around = (x, y, width, ratio) =>
  within([x - width / 2, y - width / ratio / 2, x + width / 2, y + width / ratio / 2]);

// Only rounding is taken off here; everything above keeps inside by itself.
const within = (rect) => rect.map((edge) => clamp(edge, 0, 1));

// The name of a move, told from its rectangles; one that the manifest's rules agree with.
function typeOf(start, end) {
  if (start.every((edge, i) => Math.abs(edge - end[i]) <= CLOSE)) return "static";
  const grows = widthOf(end) - widthOf(start);
  if (Math.abs(grows) <= CLOSE && Math.abs(heightOf(end) - heightOf(start)) <= CLOSE) {
    const right = end[0] - start[0];
    const down = end[1] - start[1];
    if (Math.abs(down) <= Math.abs(right) / 10) return right > 0 ? "pan_right" : "pan_left";
    if (Math.abs(right) <= Math.abs(down) / 10) return down > 0 ? "pan_down" : "pan_up";
    return "custom";
  }
  const [large, small] = grows > 0 ? [end, start] : [start, end];
  const holds =
    small[0] >= large[0] - CLOSE && small[1] >= large[1] - CLOSE &&
    small[2] <= large[2] + CLOSE && small[3] <= large[3] + CLOSE;
  if (!holds) return "custom";
  return grows > 0 ? "zoom_out" : "zoom_in";
}

// Aspects as the manifest writes them: "16:9".

const WIDEST = 4;

function parseAspect(text) {
  const found = /^\s*([1-9]\d{0,2})\s*[:/x×]\s*([1-9]\d{0,2})\s*$/.exec(text);
  if (!found) return null;
  const aspect = Number(found[1]) / Number(found[2]);
  return aspect >= 1 / WIDEST && aspect <= WIDEST
    ? { text: `${found[1]}:${found[2]}`, aspect }
    : null;
}

// The plainest whole numbers for a shape that somebody drew.
function nameAspect(aspect) {
  let best = "1:1";
  let error = Infinity;
  for (let high = 1; high <= 99; high += 1) {
    const wide = clamp(Math.round(aspect * high), 1, 999);
    const off = Math.abs(wide / high / aspect - 1);
    if (off < error - 1e-9) [best, error] = [`${wide}:${high}`, off];
    if (error < 1e-3) break;
  }
  return best;
}
