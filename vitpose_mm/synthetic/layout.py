"""Draw who stands where: the camera, people, groups and things in front of them."""

from __future__ import annotations

import numpy as np

from .camera import Camera
from .meshes import Mesh
from .occluders import occluder
from .people import Person, make_person
from .rotations import Array

COUNTS = {0: 0.06, 1: 0.54, 2: 0.26, 3: 0.08, 4: 0.03, 5: 0.01, 6: 0.01, 8: 0.01}  # people: share of the images
HEIGHTS = {1: (0.65, 1.0), 2: (0.55, 0.92), 3: (0.45, 0.85)}  # people: least and most of the image's height


def sample_camera(rng: np.random.Generator, size: tuple[int, int]) -> Camera:
    """Draw a camera for an image of size (w, h); rolled by more than 15 degrees in one image of thirty."""
    roll = rng.normal(0, 4) if rng.random() < 0.94 else rng.normal(0, 22)
    focal = size[0] * rng.uniform(0.9, 2.2)
    return Camera(focal, size, float(rng.normal(4, 6)), float(roll), float(rng.uniform(0.8, 2.2)))


def sample_people(rng: np.random.Generator, camera: Camera) -> list[Person]:
    """Draw people, mostly apart from each other, one in eleven beside or behind another."""
    count = int(rng.choice(list(COUNTS), p=list(COUNTS.values())))
    w, h = camera.size
    smallest, tallest = HEIGHTS.get(count, (0.25, 0.7))
    people: list[Person] = []
    spots: list[tuple[float, float]] = []  # depth in metres, column in pixels
    for _ in range(count):
        tall = h * float(np.exp(rng.uniform(np.log(smallest), np.log(tallest))))
        depth = camera.focal * 1.72 / tall
        if spots and rng.random() < 0.09:
            depth, column = spots[rng.integers(len(spots))]
            depth = max(depth + float(rng.choice([-1, 1]) * rng.uniform(0.3, 0.9)), 0.8)
            column += float(rng.normal(0, 0.45) * camera.focal * 1.72 / depth)
        else:
            columns = rng.uniform(0.1, 0.9, 6) * w
            room = np.min([np.abs(columns - taken) for _, taken in spots], axis=0) > 0.45 * tall if spots else [True]
            column = float(columns[np.argmax(room)])
        spots.append((depth, column))
        people.append(_place(rng, camera, depth=depth, column=column, owner=len(people)))
    if count and rng.random() < 0.04:
        people += _crowd(rng, camera, first=len(people))
    return people


def _place(rng: np.random.Generator, camera: Camera, *, depth: float, column: float, owner: int) -> Person:
    """Place feet on the floor where that leaves the body in the image, else hips in the middle or, seldom, anywhere."""
    w, h = camera.size
    row: float | None = None
    if rng.random() < 0.05:
        row = float(rng.uniform(0.3, 0.8) * h)
    elif not 0.44 * h < camera.floor_row(depth) - 0.5 * camera.focal * 1.72 / depth < 0.56 * h:
        row = float(rng.uniform(0.44, 0.56) * h)
    return make_person(rng, camera, depth=depth, column=float(np.clip(column, 0, w)), row=row, owner=owner)


def _crowd(rng: np.random.Generator, camera: Camera, *, first: int) -> list[Person]:
    """Draw a far group that is labelled as one region."""
    w, h = camera.size
    tall, count = h * rng.uniform(0.08, 0.14), int(rng.integers(6, 12))
    center, row = rng.uniform(0.15, 0.85) * w, rng.uniform(0.3, 0.6) * h
    group = []
    for i in range(count):
        depth = camera.focal * 1.72 / tall * rng.uniform(0.9, 1.1)
        column = center + rng.normal(0, 0.12) * w
        person = make_person(
            rng, camera, depth=depth, column=column, row=row + rng.normal(0, 0.01) * h, owner=first + i
        )
        person.in_crowd = True
        group.append(person)
    return group


def sample_overlapping_people(rng: np.random.Generator, camera: Camera) -> list[Person]:
    """Draw two or three large people, the boxes of two of them with an IoU above one half."""
    best: list[Person] = []
    best_overlap = -1.0
    for _ in range(8):
        w, h = camera.size
        tall = h * rng.uniform(0.65, 1.25)
        depth, column, row = camera.focal * 1.72 / tall, rng.uniform(0.3, 0.7) * w, rng.uniform(0.45, 0.7) * h
        people = []
        for i in range(int(rng.choice([2, 3], p=[0.75, 0.25]))):
            nearer = i * rng.uniform(0.22, 0.45) * (1 if i != 2 else -0.8)
            shift = 0.0 if i == 0 else rng.normal(0, 0.16) * tall
            near, middle = max(depth - nearer, 0.7), row + rng.normal(0, 0.04) * tall
            people.append(make_person(rng, camera, depth=near, column=column + shift, row=middle, owner=i))
        boxes = [person.outline(camera) for person in people]
        overlap = max(box_iou(a, b, size=camera.size) for k, a in enumerate(boxes) for b in boxes[:k])
        if overlap > best_overlap:
            best, best_overlap = people, overlap
        if best_overlap > 0.5:
            break
    return best


def box_iou(a: Array, b: Array, *, size: tuple[int, int]) -> float:
    """Return the intersection over union of two boxes x1 y1 x2 y2, cut to an image of size (w, h)."""
    a, b = (np.clip(box, 0, [*size, *size]) for box in (a, b))
    inner = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return float(inner / max((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner, 1e-6))


def sample_occluders(rng: np.random.Generator, camera: Camera, people: list[Person]) -> list[Mesh]:
    """Draw things in front of people, and now and then a thing alone."""
    things = []
    up = camera.body_rotation(0.0)
    for person in people:
        if not person.in_crowd and rng.random() < 0.05:
            names = list(person.points)
            target = person.points[names[rng.integers(len(names))]]
            center = target * rng.uniform(0.72, 0.9) + rng.normal(0, 0.1, 3)
            if center[2] > 0.6:
                things.append(occluder(rng, center, up=up))
    if rng.random() < 0.05:
        depth = rng.uniform(2, 6)
        things.append(occluder(rng, camera.unproject(rng.uniform(0, 1, 2) * camera.size, depth), up=up))
    return things
