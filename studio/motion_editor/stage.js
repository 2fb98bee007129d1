// The keyframe with its two rectangles: drag the inside to move, a corner to resize.

const $ = (id) => document.getElementById(id);
const ENDS = ["start", "end"];
const stage = { active: "end", grip: null };

const rectNode = (which) => $(`rect-${which}`);

function buildStage() {
  for (const which of ENDS) {
    const node = rectNode(which);
    node.addEventListener("pointerdown", (event) => grab(event, which));
    node.addEventListener("focus", () => activate(which));
  }
  // On the document: a pointer may outrun the rectangle, or leave the window and come back.
  document.addEventListener("pointermove", drag);
  document.addEventListener("pointerup", letGo);
  document.addEventListener("pointercancel", letGo);
  new ResizeObserver(fitFrame).observe($("stage"));
}

function activate(which) {
  stage.active = which;
  drawStage(current());
}

function grab(event, which) {
  const clip = current();
  if (event.button !== 0 || !clip?.motion || stage.grip) return;
  event.preventDefault();
  rectNode(which).focus({ preventScroll: true });
  rectNode(which).setPointerCapture(event.pointerId);
  const [x, y] = pictureShare(event);
  stage.grip = {
    clip, which, x, y,
    pointer: event.pointerId,
    corner: event.target.dataset.corner ?? "",
    from: clip.motion[which],
    label: `drag ${event.timeStamp}`,
  };
  document.body.classList.add("dragging");
}

function drag(event) {
  const { grip } = stage;
  if (grip?.pointer !== event.pointerId) return;
  const [x, y] = pictureShare(event);
  const { from, corner, clip } = grip;
  let rect;
  if (!corner) rect = moveRect(from, x - grip.x, y - grip.y);
  else {
    // The corner follows the pointer by as much as it moved, so a grip off its middle never jumps.
    const cornerX = (corner.includes("e") ? from[2] : from[0]) + x - grip.x;
    const cornerY = (corner.includes("s") ? from[3] : from[1]) + y - grip.y;
    const ratio = ratioOf(clip);
    if (event.altKey) {
      const [cx, cy] = centreOf(from);
      const width = 2 * Math.max(Math.abs(cornerX - cx), Math.abs(cornerY - cy) * ratio);
      rect = resizeAroundCentre(from, width, ratio);
    } else rect = resizeRect(from, corner, cornerX, cornerY, ratio);
  }
  // Every move of one drag is one step to take back, however long it takes.
  clip.last.time = performance.now();
  step(clip, grip.label, () => setRect(clip, grip.which, rect));
  render();
}

function letGo(event) {
  if (stage.grip?.pointer !== event.pointerId) return;
  stage.grip = null;
  document.body.classList.remove("dragging");
}

function pictureShare(event) {
  const box = $("frame").getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

// Keys on a rectangle: a keyframe pixel a press, ten with Shift; plus and minus change the size.
function nudge(event, which) {
  const clip = current();
  const pixels = event.shiftKey ? 10 : 1;
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const way = ways[event.key];
  const grow = { "+": 1, "=": 1, "-": -1, _: -1 }[event.key];
  if (!clip?.motion || (!way && !grow)) return false;
  const rect = clip.motion[which];
  const next = way
    ? moveRect(rect, (way[0] * pixels) / clip.width, (way[1] * pixels) / clip.height)
    : resizeAroundCentre(rect, widthOf(rect) + (2 * grow * pixels) / clip.width, ratioOf(clip));
  step(clip, `nudge ${which}`, () => setRect(clip, which, next));
  render();
  return true;
}

// The largest frame of the keyframe's shape that the stage has room for.
function fitFrame() {
  const clip = current();
  if (!clip?.width) return;
  const room = $("stage");
  const scale = Math.min(
    (room.clientWidth - 24) / clip.width, (room.clientHeight - 24) / clip.height,
  );
  $("frame").style.width = `${Math.max(40, clip.width * scale)}px`;
  $("frame").style.height = `${Math.max(40, clip.height * scale)}px`;
}

function drawStage(clip) {
  if (!clip?.motion) return;
  const { start, end } = clip.motion;
  for (const which of ENDS) {
    const node = rectNode(which);
    placeNode(node, clip.motion[which]);
    node.classList.toggle("active", stage.active === which);
    // The smaller one lies on top, else it could not be reached; of equals the one in hand.
    const other = which === "start" ? end : start;
    const area = (rect) => widthOf(rect) * heightOf(rect);
    const smaller = area(clip.motion[which]) - area(other);
    const above = Math.abs(smaller) < 1e-6 ? stage.active === which : smaller < 0;
    node.style.zIndex = above ? "3" : "2";
    node.setAttribute("aria-label", describeRect(which, clip));
  }
  drawWay(start, end);
}

function placeNode(node, rect) {
  node.style.left = `${100 * rect[0]}%`;
  node.style.top = `${100 * rect[1]}%`;
  node.style.width = `${100 * widthOf(rect)}%`;
  node.style.height = `${100 * heightOf(rect)}%`;
}

function describeRect(which, clip) {
  const [x1, y1, x2, y2] = clip.motion[which].map((edge) => Math.round(100 * edge));
  const name = which === "start" ? "Start" : "End";
  return `${name} rectangle: ${x1} to ${x2} % across, ${y1} to ${y2} % down`;
}

// Thin lines from corner to corner; from centre to centre, ending in a dot, where they part.
function drawWay(start, end) {
  const corners = [[0, 1], [2, 1], [0, 3], [2, 3]];
  const lines = corners.map(([i, j]) => `M${start[i]} ${start[j]}L${end[i]} ${end[j]}`);
  $("corners").setAttribute("d", lines.join(""));
  const [from, to] = [centreOf(start), centreOf(end)];
  const far = Math.hypot(to[0] - from[0], to[1] - from[1]) > 0.02;
  for (const id of ["way-halo", "way"]) {
    $(id).setAttribute("d", far ? `M${from.join(" ")}L${to.join(" ")}` : "");
  }
  $("arrival").style.left = `${100 * to[0]}%`;
  $("arrival").style.top = `${100 * to[1]}%`;
  $("arrival").hidden = !far;
}
