// The move as it will look, on the path and with the easing that the renderer uses.

const REST_SEC = 0.7; // at each end of the loop, so that the eye sees where it lands
const player = { playing: false, sec: 0, then: 0 };
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function play(on) {
  player.playing = on;
  player.then = performance.now();
  const clip = current();
  if (on && clip?.motion && player.sec >= clip.motion.duration) player.sec = 0;
  if (on) requestAnimationFrame(tick);
  drawPlayer();
}

function tick(now) {
  const clip = current();
  if (!player.playing || !clip?.motion) return;
  player.sec += Math.min(0.25, Math.max(0, (now - player.then) / 1000));
  player.then = now;
  if (player.sec > clip.motion.duration + REST_SEC) player.sec = -REST_SEC;
  drawPlayer();
  requestAnimationFrame(tick);
}

const shareOfTime = (clip) => clamp(player.sec / clip.motion.duration, 0, 1);

function viewNow(clip) {
  const { start, end, easing } = clip.motion;
  return rectAt(start, end, easing, shareOfTime(clip));
}

function drawPlayer() {
  const clip = current();
  if (!clip?.motion) return;
  const rect = viewNow(clip);
  paint($("preview"), clip, rect);
  placeNode($("now"), rect);
  $("now").hidden = !player.playing && (player.sec <= 0 || player.sec >= clip.motion.duration);
  const sec = clamp(player.sec, 0, clip.motion.duration);
  $("scrub").max = String(clip.motion.duration);
  $("scrub").value = String(sec);
  $("scrub").setAttribute("aria-valuetext", `${sec.toFixed(1)} of ${clip.motion.duration} seconds`);
  $("time").textContent = `${sec.toFixed(1)} / ${clip.motion.duration.toFixed(1)} s`;
  $("play").setAttribute("aria-label", player.playing ? "Pause the preview" : "Play the preview");
  $("play").classList.toggle("playing", player.playing);
  drawCurve(clip);
}

// The canvas has the output's shape within the box that the panel leaves it.
function paint(canvas, clip, rect) {
  const box = canvas.parentElement;
  const aspect = outputAspectOf(clip);
  const width = Math.min(box.clientWidth, box.clientHeight * aspect);
  const pixels = Math.min(devicePixelRatio || 1, 2);
  const wanted = [Math.round(width * pixels), Math.round((width / aspect) * pixels)];
  if (canvas.width !== wanted[0] || canvas.height !== wanted[1]) {
    [canvas.width, canvas.height] = wanted;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${width / aspect}px`;
  }
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(
    clip.image,
    rect[0] * clip.width, rect[1] * clip.height,
    widthOf(rect) * clip.width, heightOf(rect) * clip.height,
    0, 0, canvas.width, canvas.height,
  );
}

// The easing as a curve, with a dot where the preview is.
function drawCurve(clip) {
  const { easing } = clip.motion;
  const points = Array.from({ length: 41 }, (_, i) => {
    const u = i / 40;
    return `${(100 * u).toFixed(2)} ${(100 - 100 * ease(easing, u)).toFixed(2)}`;
  });
  $("curve-line").setAttribute("d", `M${points.join("L")}`);
  const u = shareOfTime(clip);
  $("curve-dot").style.left = `${100 * u}%`;
  $("curve-dot").style.top = `${100 - 100 * ease(easing, u)}%`;
}
