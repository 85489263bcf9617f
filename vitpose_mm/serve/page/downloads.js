// A prediction -> a file: people whose boxes have the chosen score, with all their keypoints.

import {choose} from './drawing.js';

/** Have the browser save a blob. */
export function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** JSON as the server answers it, without the heatmap. */
export function toJson(answer, model, options) {
  const {heatmap, ...rest} = answer;
  const people = {...rest, keypoint_names: model.keypoints, instances: choose(answer.instances, options)};
  return new Blob([JSON.stringify(people, null, 1)], {type: 'application/json'});
}

/** A line per person: box and score, then x, y and score of each keypoint. */
export function toCsv(answer, model, options) {
  return makeCsv(['person'], choose(answer.instances, options).map((person, i) => [[i], person]), model);
}

/** JSON as tools/topdown_demo_with_mmdet.py writes it for a video. */
export function videoToJson({head, frames, error}, source, options) {
  const entries = frames.map(({blob, ...frame}) => ({...frame, instances: choose(frame.instances, options)}));
  const content = {...head, video_info: {...head.video_info, source}, instance_info: entries, ...(error && {error})};
  return new Blob([JSON.stringify(content)], {type: 'application/json'});
}

/** A line per person of a frame, with the columns of the server's format=csv. */
export function videoToCsv({frames}, model, options) {
  const people = frames.flatMap(({frame_id: frame, time, instances}) =>
    choose(instances, options).map((person, i) => [[frame, time, i, person.track_id], person]));
  return makeCsv(['frame_id', 'time', 'person', 'track_id'], people, model);
}

function makeCsv(columns, people, model) {
  const header = [...columns, 'x1', 'y1', 'x2', 'y2', 'box_score'];
  for (const name of model.keypoints) header.push(`${name}_x`, `${name}_y`, `${name}_score`);
  const lines = people.map(([first, person]) => {
    const points = person.keypoints.flatMap((point, k) => [...point, person.keypoint_scores[k]]);
    return [...first, ...person.bbox, person.bbox_score, ...points];
  });
  const quote = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
  return new Blob([[header, ...lines].map((line) => line.map(quote).join(',') + '\n').join('')], {type: 'text/csv'});
}
