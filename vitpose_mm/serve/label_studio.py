"""Label Studio's ML backend calls: give it the URL of this server with /label-studio at the end.

It posts tasks and the labelling configuration of a project, and shows what comes back as pre-annotations: a box and
keypoints for each person, in percent of the image.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any
from xml.etree import ElementTree

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException

from ..inference.label_studio import LabelledPoint, RegionTags
from ..inference.pose_result import PoseResult
from .errors import BAD_REQUEST
from .service import PoseService
from .task_images import TaskImages

PREFIX = '/label-studio'
MAX_TASKS = 100
MAX_CONFIG = 200_000  # letters; parsing takes 60 times the memory, and others wait for it


def add_label_studio(app: FastAPI, service: PoseService) -> None:
    """Add /label-studio/health, /setup and /predict."""
    images = TaskImages(service.settings)

    @app.get(f'{PREFIX}/health')
    async def health() -> dict[str, str]:
        """Say that the server answers."""
        return {'status': 'UP', 'model_class': 'vitpose_mm'}

    @app.post(f'{PREFIX}/setup')
    async def setup(request: Request) -> dict[str, str]:
        """Check the labelling configuration of a project, its ``schema``."""
        LabelConfig.parse(text_of(await read_json(request), 'schema'))
        return {'model_version': service.models.default}

    @app.post(f'{PREFIX}/predict')
    async def predict(request: Request) -> dict[str, Any]:
        """Find the people in the images of ``tasks``."""
        with service.slots.take():
            body = await read_json(request)
            tasks = body.get('tasks')
            if not isinstance(tasks, list) or len(tasks) > MAX_TASKS:
                raise HTTPException(BAD_REQUEST, f"'tasks' is not a list of at most {MAX_TASKS} tasks.")
            config = LabelConfig.parse(text_of(body, 'label_config'))
            urls = [config.url_of(task) for task in tasks]
            wanted = body.get('model_version')
            name = wanted if isinstance(wanted, str) and wanted in service.models.predictors else service.models.default
            del body, tasks  # up to 25 times the memory of the request
            results = []
            for url in urls:
                result = await service.predict(partial(images.read, url), model=name)
                results.append(config.to_prediction(result, name))
            return {'results': results, 'model_version': name}


async def read_json(request: Request) -> dict[str, Any]:
    """Read the JSON object in the body of a request.

    Raises:
        HTTPException: the body is something else.
    """
    content = b''.join([part async for part in request.stream()])  # request.json() would keep body and content
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise HTTPException(BAD_REQUEST, 'The body is not JSON.') from None
    if not isinstance(body, dict):
        raise HTTPException(BAD_REQUEST, 'The body is not a JSON object.')
    return body


def text_of(body: dict[str, Any], key: str) -> str:
    """Return the value of a key that has to be text.

    Raises:
        HTTPException: it is missing or something else.
    """
    value = body.get(key)
    if not isinstance(value, str):
        raise HTTPException(BAD_REQUEST, f'{key!r} is missing: Label Studio sends the labelling configuration there.')
    return value


class LabelConfig:
    """The part of a labelling configuration that keypoints are written with: its image and its two kinds of labels.

    Args:
        root: of the parsed XML.

    Raises:
        HTTPException: it has no <KeyPointLabels> of an <Image>.
    """

    def __init__(self, root: ElementTree.Element) -> None:
        images = {tag.get('name'): tag.get('value', '') for tag in root.iter('Image')}
        keypoints = next((tag for tag in root.iter('KeyPointLabels') if tag.get('toName') in images), None)
        if keypoints is None:
            sentence = 'The labelling configuration has no <KeyPointLabels> whose toName is an <Image>: add it.'
            raise HTTPException(BAD_REQUEST, sentence)
        image = keypoints.get('toName', '')
        self.field = images[image].removeprefix('$')
        self.names = labels_of(keypoints)
        boxes = next((tag for tag in root.iter('RectangleLabels') if tag.get('toName') == image), None)
        self.tags = RegionTags(
            image=image,
            keypoints=keypoints.get('name', ''),
            boxes=None if boxes is None else boxes.get('name', ''),
            box_labels=() if boxes is None else tuple(labels_of(boxes)[:1]),
        )

    @classmethod
    def parse(cls, text: str) -> LabelConfig:
        """Parse the XML of a configuration.

        Raises:
            HTTPException: it is not XML, too long, declares entities, or has no keypoints.
        """
        if len(text) > MAX_CONFIG:
            sentence = f'The labelling configuration has {len(text):,} letters and {MAX_CONFIG:,} are the limit.'
            raise HTTPException(BAD_REQUEST, sentence)
        if '<!' in text.replace('<!--', ''):
            raise HTTPException(BAD_REQUEST, 'The labelling configuration has a <!DOCTYPE>: leave it out.')
        try:
            return cls(ElementTree.fromstring(text))
        except (ElementTree.ParseError, ValueError) as error:  # ValueError: half of a surrogate pair
            raise HTTPException(BAD_REQUEST, f'The labelling configuration is not XML ({error}).') from None

    def url_of(self, task: Any) -> str:
        """Return the URL of a task's image.

        Raises:
            HTTPException: it has none.
        """
        data = task.get('data') if isinstance(task, dict) else None
        url = data.get(self.field) if isinstance(data, dict) else None
        if not isinstance(url, str):
            raise HTTPException(BAD_REQUEST, f'A task has no image: its data has no {self.field!r}.')
        return url

    def to_prediction(self, result: PoseResult, version: str) -> dict[str, Any]:
        """Return Label Studio's prediction of a result: a box and its keypoints for each person.

        Keypoints whose names the configuration does not have are left out.
        """
        height, width = result.image.shape[:2]
        regions = self.tags.to_regions((self._to_person(result, i) for i in range(len(result))), (width, height))
        score = float(result.box_scores.mean()) if len(result) else 0.0
        return {'result': regions, 'score': score, 'model_version': version}

    def _to_person(self, result: PoseResult, person: int) -> tuple[list[float], float, list[LabelledPoint]]:
        x1, y1, x2, y2 = result.boxes[person].tolist()
        found = zip(keypoint_names(result), result.keypoints[person].tolist(), result.scores[person], strict=True)
        points = [
            LabelledPoint(name, x, y, float(score))
            for name, (x, y), score in found
            if not self.names or name in self.names
        ]
        return [x1, y1, x2 - x1, y2 - y1], float(result.box_scores[person]), points


def labels_of(tag: ElementTree.Element) -> list[str]:
    """Return the values of the labels of <KeyPointLabels> or <RectangleLabels>."""
    return [label.get('value', '') for label in tag.iter('Label')]


def keypoint_names(result: PoseResult) -> list[str]:
    """Return the K names of a result's keypoints."""
    return [result.metainfo['keypoint_id2name'][k] for k in range(result.metainfo['num_keypoints'])]
