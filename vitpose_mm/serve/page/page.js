// The page: an image or a video goes to the server once for each model; sliders and boxes draw again what came back.

import {choose, colourHeatmap, draw, findKeypoint} from './drawing.js';
import {save, toCsv, toJson, videoToCsv, videoToJson} from './downloads.js';
import {Player, askVideo, describeProgress, isVideo} from './video.js';

const byId = (id) => document.getElementById(id);
const state = {models: [], file: null, views: [], turn: 0, abort: new AbortController()};
const player = new Player(
  {box: byId('player'), button: byId('play'), slider: byId('position'), output: byId('time')}, redraw);

function readOptions() {
  return {
    boxScore: byId('box-score').valueAsNumber,
    keypointScore: byId('keypoint-score').valueAsNumber,
    boxes: byId('boxes').checked,
    skeletons: byId('skeletons').checked,
    heatmap: byId('heatmap').checked,
  };
}

function say(text, isError = false) {
  byId('message').textContent = text;
  byId('message').className = isError ? 'error' : '';
}

async function ask(file, model) {
  const form = new FormData();
  form.append('file', file, 'image'); // the server is not told the name
  form.append('model', model);
  form.append('heatmap', 'true');
  const answer = await fetch('/predict', {method: 'POST', body: form});
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

async function loadHeatmap(address) {
  if (!address) return null;
  const image = new Image();
  image.src = address;
  await image.decode();
  return colourHeatmap(image);
}

function showOptions() {
  for (const output of document.querySelectorAll('#controls output')) {
    output.value = byId(output.htmlFor.value).valueAsNumber.toFixed(2);
  }
}

function redraw() {
  showOptions();
  const options = readOptions();
  for (const view of state.views.filter((one) => one.image)) {
    draw(view.canvas, view, options);
    const people = choose(view.answer.instances, options).length;
    view.caption.textContent = `${view.model.name}: ${people} ${people === 1 ? 'person' : 'people'}`;
  }
}

function hover(view, event) {
  const scale = view.canvas.clientWidth / view.canvas.width;
  const point = {x: event.offsetX / scale, y: event.offsetY / scale};
  const found = findKeypoint(view.answer, point, scale, readOptions());
  view.hover.hidden = !found;
  if (!found) return;
  view.hover.textContent = `${view.model.keypoints[found.k]} ${found.score.toFixed(2)}`;
  view.hover.style.left = `${found.x * scale}px`;
  view.hover.style.top = `${found.y * scale}px`;
}

function makeView(model, {answer, image, heatmap, video}) {
  const figure = byId('view').content.cloneNode(true).firstElementChild;
  const find = (selector) => figure.querySelector(selector);
  const view = {
    figure, model, answer, image, heatmap, video,
    canvas: find('canvas'), caption: find('figcaption'), hover: find('.hover'),
  };
  view.canvas.addEventListener('mousemove', (event) => hover(view, event));
  view.canvas.addEventListener('mouseleave', () => { view.hover.hidden = true; });
  const name = (end) => `${model.name}_${state.file.name.replace(/\.[^.]*$/, '')}.${end}`;
  const json = () => (video ? videoToJson(video, state.file.name, readOptions()) : toJson(answer, model, readOptions()));
  const csv = () => (video ? videoToCsv : toCsv)(video ?? answer, model, readOptions());
  find('[name=json]').addEventListener('click', () => save(json(), name('json')));
  find('[name=csv]').addEventListener('click', () => save(csv(), name('csv')));
  find('[name=picture]').addEventListener('click', () => view.canvas.toBlob((blob) => save(blob, name('png'))));
  return view;
}

async function predict() {
  if (!state.file) return;
  const turn = ++state.turn; // what an earlier choice asked for and comes later is dropped
  state.abort.abort(); // and the server stops working on its video
  state.abort = new AbortController();
  const names = [...new Set([byId('model').value, byId('second').value].filter(Boolean))];
  const models = names.map((name) => state.models.find((model) => model.name === name));
  say('Looking for people ...');
  try {
    await (isVideo(state.file) ? predictVideo : predictImage)(models, turn);
  } catch (error) {
    if (turn === state.turn) say(`${state.file.name}: ${error.message}`, true);
  }
}

async function predictImage(models, turn) {
  const image = await createImageBitmap(state.file);
  const start = performance.now();
  const answers = await Promise.all(models.map((model) => ask(state.file, model.name)));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const heatmaps = await Promise.all(answers.map((answer) => loadHeatmap(answer.heatmap)));
  if (turn !== state.turn) return;
  player.open([]);
  showViews(answers.map((answer, i) => makeView(models[i], {answer, image, heatmap: heatmaps[i]})));
  redraw();
  say(`${state.file.name}: ${image.width} x ${image.height} pixels, ${seconds} s`);
}

function showViews(views) {
  state.views = views;
  byId('views').replaceChildren(...views.map((view) => view.figure));
}

/** One model after the other, as the server takes one video at a time; the newest frame is shown meanwhile. */
async function predictVideo(models, turn) {
  const {file, abort} = state;
  const videos = [];
  for (const model of models) {
    const start = performance.now();
    const options = {model: model.name, smooth: byId('smooth').value};
    videos.push(await askVideo(file, options, abort.signal, (video) => {
      if (turn !== state.turn) return;
      if (video.frames.length === 1) openVideos(models, [...videos, video]);
      player.grow();
      player.show(player.count - 1);
      say(`${file.name}, ${model.name}: ${describeProgress(video, (performance.now() - start) / 1000)}`);
    }));
  }
  if (turn !== state.turn) return;
  const {head, frames} = videos[0];
  const {width, height, fps} = head.video_info;
  const tracks = new Set(frames.flatMap((frame) => frame.instances.map((person) => person.track_id))).size;
  const found = `${frames.length} frames of ${width} x ${height} pixels, ${fps.toFixed(1)} per second, ${tracks} tracks`;
  const faults = videos.map((video) => video.error).filter(Boolean);
  say([`${file.name}: ${found}`, ...faults].join('. '), faults.length > 0);
  player.play();
}

function openVideos(models, videos) {
  showViews(videos.map((video, i) => makeView(models[i], {video, answer: {...video.head.video_info, instances: []}})));
  player.open(state.views);
}

function take(files) {
  if (!files.length) return;
  state.file = files[0];
  predict();
}

function listen() {
  byId('file').addEventListener('change', (event) => take(event.target.files));
  for (const id of ['model', 'second']) byId(id).addEventListener('change', predict);
  byId('smooth').addEventListener('change', () => { if (state.file && isVideo(state.file)) predict(); });
  byId('controls').addEventListener('input', redraw);
  byId('controls').addEventListener('submit', (event) => event.preventDefault());
  document.addEventListener('dragover', (event) => { event.preventDefault(); byId('drop').classList.add('over'); });
  document.addEventListener('dragleave', () => byId('drop').classList.remove('over'));
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    byId('drop').classList.remove('over');
    take(event.dataTransfer.files);
  });
}

async function start() {
  const info = await (await fetch('/info')).json();
  state.models = info.models;
  for (const {name} of info.models) {
    byId('model').add(new Option(name));
    byId('second').add(new Option(name));
  }
  showOptions();
  listen();
}

start().catch((error) => say(error.message, true));
