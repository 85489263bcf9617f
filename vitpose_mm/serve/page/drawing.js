// A prediction -> lines and points on a canvas of the image's size.

const rgb = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;

/** The people whose boxes have the score, and of them the keypoints that have theirs. */
export function choose(instances, {boxScore}) {
  return instances.filter((person) => person.bbox_score >= boxScore);
}

/** Draw image, heatmap, boxes and skeletons; nothing is asked of the server. */
export function draw(canvas, {image, heatmap, answer, model}, options) {
  const context = canvas.getContext('2d');
  canvas.width = answer.width;
  canvas.height = answer.height;
  canvas.style.width = `min(100%, ${(75 * answer.width) / answer.height}vh)`; // small images are shown larger
  context.drawImage(image, 0, 0, answer.width, answer.height);
  if (options.heatmap && heatmap) drawHeatmap(context, heatmap, answer);
  const size = Math.max(2, Math.min(answer.width, answer.height) / 160);
  for (const person of choose(answer.instances, options)) {
    if (options.boxes) drawBox(context, person, size);
    if (options.skeletons) drawSkeleton(context, person, model, size, options.keypointScore);
  }
}

/** Neighbouring track ids get hues far apart. */
function colourOf({track_id: track}) {
  return track ? `hsl(${(track * 222.5) % 360}, 90%, 65%)` : 'rgb(0, 230, 118)';
}

function drawBox(context, person, size) {
  const [x1, y1, x2, y2] = person.bbox;
  context.strokeStyle = colourOf(person);
  context.lineWidth = size * 0.7;
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  const text = (person.track_id ? `id ${person.track_id}  ` : '') + person.bbox_score.toFixed(2);
  context.font = `${size * 5}px system-ui, sans-serif`;
  const width = context.measureText(text).width + size * 2;
  const top = Math.max(0, y1 - size * 6);
  context.fillStyle = colourOf(person);
  context.fillRect(x1, top, width, size * 6);
  context.fillStyle = 'black';
  context.fillText(text, x1 + size, top + size * 4.8);
}

function drawSkeleton(context, person, model, size, score) {
  const seen = (k) => person.keypoint_scores[k] >= score;
  context.lineWidth = size * 0.9;
  model.skeleton.forEach(([a, b], i) => {
    if (!seen(a) || !seen(b)) return;
    context.strokeStyle = rgb(model.skeleton_colors[i]);
    context.beginPath();
    context.moveTo(...person.keypoints[a]);
    context.lineTo(...person.keypoints[b]);
    context.stroke();
  });
  person.keypoints.forEach(([x, y], k) => {
    if (!seen(k)) return;
    context.fillStyle = rgb(model.keypoint_colors[k]);
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fill();
  });
}

/** Grey heat -> black to red to yellow, more opaque where it is hotter. */
export function colourHeatmap(image) {
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height);
  for (let i = 0; i < pixels.data.length; i += 4) {
    const heat = pixels.data[i];
    pixels.data.set([Math.min(255, heat * 2), Math.max(0, heat * 2 - 255), 0, Math.min(230, heat * 1.5 + 60)], i);
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

function drawHeatmap(context, heatmap, answer) {
  context.drawImage(heatmap, 0, 0, answer.width, answer.height);
}

/** The keypoint within 12 pixels of the screen, nearest to a point of the canvas. */
export function findKeypoint(answer, point, scale, options) {
  let best = null;
  let nearest = 12 / scale;
  for (const person of choose(answer.instances, options)) {
    person.keypoints.forEach(([x, y], k) => {
      const distance = Math.hypot(x - point.x, y - point.y);
      if (person.keypoint_scores[k] >= options.keypointScore && distance < nearest) {
        nearest = distance;
        best = {k, x, y, score: person.keypoint_scores[k]};
      }
    });
  }
  return best;
}
