"""Write merged labels as tasks with pre-annotations, and the labelling configuration, which Label Studio imports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from ..inference.label_studio import LabelledPoint, RegionTags
from ..utils.files import write_json, write_text
from .job import read_settings
from .merge import read_parts

LOCAL_FILES = '/data/local-files/?d='  # what Label Studio serves from its LOCAL_FILES_DOCUMENT_ROOT
CONFIG = """<View>
  <RectangleLabels name="box" toName="image"><Label value={person}/></RectangleLabels>
  <KeyPointLabels name="keypoint" toName="image">
{keypoints}  </KeyPointLabels>
  <Image name="image" value="$image"/>
</View>
"""


def write_label_studio(folder: Path, *, image_root: str = LOCAL_FILES) -> Path:
    """Write ``label_studio/`` into an output folder whose parts are complete; return it.

    It gets a file of tasks for each part, as Label Studio takes large sets in shares, and ``labelling_config.xml``.

    Args:
        folder: output folder, after :func:`~.merge.merge` has proved that nothing is lost or doubled.
        image_root: what comes before a path in the address of an image.
    """
    settings = read_settings(folder)
    out = folder / 'label_studio'
    for part, content in read_parts(folder, settings):
        write_json(
            to_tasks(content, version=settings.pose[0], image_root=image_root),
            out / f'tasks-{part:06d}.json',
            compact=True,
        )
    category = content['categories'][0]
    keypoints = ''.join(f'    <Label value={quoteattr(name)}/>\n' for name in category['keypoints'])
    config = CONFIG.format(person=quoteattr(category['name']), keypoints=keypoints)
    write_text(config, out / 'labelling_config.xml')
    return out


def to_tasks(content: Mapping[str, Any], *, version: str, image_root: str) -> list[dict[str, Any]]:
    """Return a task for each image of COCO content; keypoints that are not labelled are left out."""
    people = defaultdict(list)
    for annotation in content['annotations']:
        people[annotation['image_id']].append(annotation)
    category = content['categories'][0]
    tags = RegionTags(box_labels=(category['name'],))
    tasks = []
    for image in content['images']:
        found = people[image['id']]
        persons = ((one['bbox'], one['score'], to_points(one, category['keypoints'])) for one in found)
        regions = tags.to_regions(persons, (image['width'], image['height']))
        score = sum(one['score'] for one in found) / max(len(found), 1)
        prediction = {'result': regions, 'score': score, 'model_version': version}
        address = image_root + quote(image['file_name'].lstrip('/'))
        tasks.append({'data': {'image': address}, 'predictions': [prediction]})
    return tasks


def to_points(annotation: Mapping[str, Any], names: list[str]) -> list[LabelledPoint]:
    """Return the labelled keypoints of an annotation."""
    x, y, visibility = (annotation['keypoints'][i::3] for i in range(3))
    found = zip(names, x, y, annotation['keypoint_scores'], visibility, strict=True)
    return [LabelledPoint(*point) for *point, visible in found if visible]
