"""A film of people who walk past each other, with the truth of every frame: who is where, and what hides whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from .appearance import Appearance, sample_appearance
from .backdrop import sample_background
from .body import all_points, body_mesh
from .camera import Camera
from .label_sets import COCO
from .lighting import compose, sample_light
from .meshes import Mesh, join, moved
from .observe import SMALLEST_MASK, keypoints
from .people import Person
from .raster import paint_ids
from .rotations import Array
from .scene import OVERSAMPLE, Scene
from .skeleton import clamp, pose_skeleton
from .textures import value_noise

STRIDE = 28.0  # degrees that the hips swing
SPEED = (0.9, 1.5)  # metres a second
CADENCE = 0.75  # double steps for each metre
REACH = 0.8  # half the way over the picture's width at that depth: nobody turns in sight


class WalkingFrame(NamedTuple):
    """One frame of N people in sight with K = 17 keypoints of COCO; coordinates are pixels.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        ids: (N,) of the people; one who comes back into the picture is somebody else.
        boxes: (N, 4) x1, y1, x2, y2 around what is seen of each.
        seen: (N,) share of each person that is in the picture and not hidden by another, 0 to 1.
        keypoints: (N, K, 2).
        visible: (N, K) 0 outside, 1 hidden, 2 seen.
    """

    image: Array
    ids: Array
    boxes: Array
    seen: Array
    keypoints: Array
    visible: Array


@dataclass(frozen=True)
class Walker:
    """Somebody who walks along a line parallel to the picture, out of it, and comes back as somebody else.

    Attributes:
        look: clothes and build, the same in every frame.
        depth: metres from the camera.
        offset: metres along the way at the beginning.
        speed: metres a second, negative to the left.
        seed: of what is random about the clothes' surface.
    """

    look: Appearance
    depth: float
    offset: float
    speed: float
    seed: int

    def position(self, time: float, reach: float) -> tuple[float, float, int]:
        """Return metres to the right of the middle, direction -1 or 1, and time around, at ``seconds``."""
        way = self.offset + abs(self.speed) * time + (0 if self.speed > 0 else 2 * reach)
        around, way = int(way // (2 * reach)), way % (4 * reach)
        return (way - reach, 1.0, around) if way < 2 * reach else (3 * reach - way, -1.0, around)


def render_walking(
    frames: int, *, people: int = 4, fps: float = 25.0, size: tuple[int, int] = (640, 360), seed: int = 0
) -> Iterator[WalkingFrame]:
    """Render people who cross each other's way, some behind others, in front of a background that stays.

    Args:
        frames: number of frames.
        people: number of people.
        fps: frames per second.
        size: (w, h) in pixels.
        seed: of people, background and light; the first frames of a longer film are those of a shorter one.
    """
    rng = np.random.default_rng(seed)
    camera = Camera(1.2 * size[0], size, pitch=3.0, height=1.5)
    background = sample_background(rng, size, horizon=camera.floor_row(60.0), roll=0.0)
    light = sample_light(rng)
    texture = np.float32(0.05) * value_noise(rng, size, octaves=(size[0] // 24, size[0] // 9, size[0] // 4))
    walkers = [_sample_walker(rng, number, people) for number in range(people)]
    for frame in range(frames):
        pairs = [_person(walker, camera, time=frame / fps, owner=owner) for owner, walker in enumerate(walkers)]
        crowd = [person for person, _ in pairs]
        names = [owner + people * around for owner, (_, around) in enumerate(pairs)]
        mesh, ids = _paint(crowd, camera)
        picture = compose(background.copy(), ids, mesh=mesh, light=light, texture=texture)
        noise = np.random.default_rng((seed, frame)).normal(0, 2, (size[1], size[0], 1))
        image = np.clip(picture + noise, 0, 255).astype(np.uint8)
        yield _describe(Scene(image, ids, mesh, crowd, camera), names)


def _sample_walker(rng: np.random.Generator, number: int, people: int) -> Walker:
    """Walkers one behind the other, every second one to the left."""
    speed = float(rng.uniform(*SPEED)) * (1 if number % 2 == 0 else -1)
    depth = 4.2 + 0.9 * number + float(rng.uniform(0, 0.2))
    return Walker(sample_appearance(rng), depth, float(rng.uniform(0, 8)), speed, int(rng.integers(1 << 31)))


def gait(phase: float) -> dict[str, float]:
    """Return joint angles in degrees of somebody who walks, at a phase of a double step, 0 to 1."""
    angles = {'root_pitch': 3.0, 'spine_flex': 3.0}
    for side, shift in (('left', 0.0), ('right', 0.5)):
        turn = 2 * np.pi * (phase + shift)
        hip = STRIDE * np.sin(turn)
        angles[f'{side}_hip_flex'] = hip
        angles[f'{side}_knee'] = 8 + 42 * max(np.cos(turn - 0.3), 0) ** 2
        angles[f'{side}_ankle'] = 12 * max(-np.sin(turn), 0)
        angles |= {f'{side}_shoulder_flex': -0.8 * hip, f'{side}_shoulder_abd': 9.0, f'{side}_elbow': 22.0}
    return clamp(angles)


def _person(walker: Walker, camera: Camera, *, time: float, owner: int) -> tuple[Person, int]:
    """Return mesh and keypoints of a walker at a time in camera space, and how often he turned."""
    reach = REACH * camera.size[0] / camera.focal * walker.depth
    x, direction, around = walker.position(time, reach)
    walked = abs(walker.speed) * time + walker.offset
    skeleton = pose_skeleton(walker.look.build, gait(walked * CADENCE % 1))
    surface = np.random.default_rng(walker.seed)
    body = body_mesh(skeleton, walker.look, rng=surface, detail=0.7, owner=owner)
    rotation = camera.body_rotation(75.0 * direction)
    column = x / walker.depth * camera.focal + (camera.size[0] - 1) / 2
    up = rotation @ np.array([0.0, 1.0, 0.0])
    floor = float(body.quads[..., 1].min())
    origin = camera.unproject(np.array([column, camera.floor_row(walker.depth)]), walker.depth) - up * floor
    points = {name: rotation @ point + origin for name, point in all_points(skeleton).items()}
    head = body.quads[np.isin(body.parts, (1, 3, 4, 5))].reshape(-1, 3) @ rotation.T + origin
    person = Person(moved(body, rotation, origin), points, head, skeleton.build.height / 1.72)
    return person, around


def _paint(people: list[Person], camera: Camera) -> tuple[Mesh, Array]:
    """Return the mesh of people, and the fine map of its quads."""
    mesh = join([person.mesh for person in people])
    return mesh, paint_ids(mesh, camera, oversample=OVERSAMPLE)


def share_inside(box: Array, size: tuple[int, int]) -> float:
    """Return the share of a box x1 y1 x2 y2 that is in a picture of size (w, h), pixels."""
    clipped = np.clip(box, 0, [*size, *size])
    return float((clipped[2:] - clipped[:2]).prod() / (box[2:] - box[:2]).prod())


def _describe(scene: Scene, names: list[int]) -> WalkingFrame:
    """Return the truth of a scene of people and their ids, of those of whom something is seen."""
    assert scene.mesh is not None
    owners = np.concatenate([[-1], scene.mesh.owners]).astype(np.int16)[scene.ids]
    found: list[tuple] = []
    for i, person in enumerate(scene.people):
        mask = (owners == i).astype(np.uint8)
        area = cv2.countNonZero(mask)
        if area >= SMALLEST_MASK * OVERSAMPLE**2:
            x, y, w, h = np.array(cv2.boundingRect(mask)) / OVERSAMPLE
            alone = cv2.countNonZero(_paint([person], scene.camera)[1])
            share = area / max(alone, 1) * share_inside(person.outline(scene.camera), scene.camera.size)
            pixels = scene.camera.project(np.stack([person.points[name] for name in COCO]))
            visible = keypoints(scene, person, owner=i)
            flags = [visible[name][2] for name in COCO]
            found.append((names[i], (x, y, x + w, y + h), share, pixels, flags))
    columns = list(zip(*found, strict=True)) or [()] * 5
    return WalkingFrame(
        scene.image,
        np.array(columns[0], np.int64),
        np.array(columns[1], np.float32).reshape(-1, 4),
        np.array(columns[2], np.float32),
        np.array(columns[3], np.float32).reshape(-1, len(COCO), 2),
        np.array(columns[4], np.int64).reshape(-1, len(COCO)),
    )
