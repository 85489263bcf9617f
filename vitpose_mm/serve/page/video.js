// A video: the server's answer arrives line by line, a frame each with its picture, and is played on the canvases.

const SUFFIXES = /\.(mp4|m4v|mov|webm|mkv|avi|gif)$/i;

export const isVideo = (file) => file.type.startsWith('video/') || SUFFIXES.test(file.name);

/** Send a video; call onFrame with its head and every frame as they come. Resolves to {head, frames, error}. */
export async function askVideo(file, {model, smooth}, signal, onFrame) {
  const form = new FormData();
  form.append('file', file, 'video'); // the server is not told the name
  form.append('model', model);
  form.append('format', 'lines');
  form.append('pictures', 'true');
  if (smooth) form.append('smooth', smooth);
  const answer = await fetch('/predict/video', {method: 'POST', body: form, signal});
  if (!answer.ok) throw new Error((await answer.json()).error);
  const result = {head: null, frames: [], error: 'the server stopped before the end of the video'};
  for await (const line of readLines(answer.body)) {
    if (!result.head) {
      result.head = line;
    } else if ('frame_id' in line) {
      const {picture, ...frame} = line;
      result.frames.push({...frame, blob: toBlob(picture)});
      onFrame(result);
    } else {
      result.error = line.error;
    }
  }
  return result;
}

async function* readLines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}

function toBlob(base64) {
  return new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], {type: 'image/jpeg'});
}

/** 'frame 12 of 250, 3.1 frames/s, 77 s left' */
export function describeProgress({head, frames}, seconds) {
  const {num_frames: total} = head.video_info;
  const rate = frames.length / seconds;
  const left = total ? `, ${Math.ceil(Math.max(0, total - frames.length) / rate)} s left` : '';
  return `frame ${frames.length}${total ? ` of ${total}` : ''}, ${rate.toFixed(1)} frames/s${left}`;
}

/** Plays the frames of one or more views together, by their times, from a button and a slider. */
export class Player {
  constructor({box, button, slider, output}, redraw) {
    Object.assign(this, {box, button, slider, output, redraw, views: [], shown: 0, turn: 0, playing: false});
    button.addEventListener('click', () => (this.playing ? this.pause() : this.play()));
    slider.addEventListener('input', () => { this.pause(); this.show(slider.valueAsNumber); });
  }

  /** Take over views, each with the frames that are there; no views: nothing is to be played. */
  open(views) {
    this.pause();
    this.views = views;
    this.box.hidden = !views.length;
    if (views.length) this.grow();
  }

  /** Look how many frames all views have by now. */
  grow() {
    this.count = Math.min(...this.views.map((view) => view.video.frames.length));
    this.slider.max = Math.max(0, this.count - 1);
  }

  get frames() {
    return this.views[0].video.frames;
  }

  /** Show the frame of an index in all views. */
  async show(index) {
    const turn = ++this.turn;
    const found = this.views.map((view) => view.video.frames[index]);
    const images = await Promise.all(found.map((frame) => createImageBitmap(frame.blob)));
    if (turn !== this.turn) return; // another one was asked for meanwhile
    this.views.forEach((view, i) => {
      view.image?.close?.();
      view.image = images[i];
      const {width, height} = view.video.head.video_info;
      view.answer = {width, height, instances: found[i].instances};
    });
    this.shown = index;
    this.slider.value = index;
    this.output.value = `${found[0].time.toFixed(2)} s, frame ${found[0].frame_id}`;
    this.redraw();
  }

  play() {
    this.playing = true;
    this.button.textContent = 'Pause';
    if (this.shown >= this.count - 1) this.shown = 0;
    this.start = performance.now() - this.frames[this.shown].time * 1000;
    requestAnimationFrame(() => this.tick());
  }

  pause() {
    this.playing = false;
    this.button.textContent = 'Play';
  }

  /** Show the last frame whose time has come, and begin again behind the last one. */
  async tick() {
    if (!this.playing) return;
    const seconds = (performance.now() - this.start) / 1000;
    const next = this.frames.findIndex((frame) => frame.time > seconds);
    const index = next < 0 ? this.count - 1 : Math.max(0, next - 1);
    if (index !== this.shown) await this.show(Math.min(index, this.count - 1));
    const last = this.frames[this.count - 1].time + 1 / this.views[0].video.head.video_info.fps;
    if (seconds > last) this.start = performance.now();
    if (this.playing) requestAnimationFrame(() => this.tick());
  }
}
