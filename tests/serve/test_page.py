"""The page in a browser: an image is dropped, people are seen, sliders ask nothing, files are saved."""

from __future__ import annotations

import base64
import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.browser import Page, open_browser
from tests.helpers.documents import ROOT
from tests.serve.conftest import Client, is_on_block, make_video, spots
from tests.video.test_demo import check

pytestmark = pytest.mark.slow
GREEN = (0, 255, 0)  # of the link between both keypoints
BOX = (0, 230, 118)


@pytest.fixture
def page(tmp_path: Path, client: Client) -> Page:
    """The page, open, with downloads into ``tmp_path``/downloads."""
    (tmp_path / 'downloads').mkdir()
    with open_browser(tmp_path) as page:
        page.download_to(tmp_path / 'downloads')
        page.open(client.address)
        page.wait_for('document.querySelectorAll("#model option").length === 2')
        yield page


def show(page: Page, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    page.choose_file('#file', file)
    page.wait_for('document.querySelector("#message").textContent.includes("pixels")')


def set_value(page: Page, name: str, value: str) -> None:
    """Set a control as a user does, and let the page hear of it."""
    key = 'checked' if value in ('true', 'false') else 'value'
    text = value if key == 'checked' else json.dumps(value)
    code = f"""(() => {{ const one = document.querySelector('#{name}'); one.{key} = {text};
        one.dispatchEvent(new Event('input', {{bubbles: true}}));
        one.dispatchEvent(new Event('change', {{bubbles: true}})); return 1; }})()"""
    page.run(code)


def count_pixels(page: Page, color: tuple[int, int, int], number: int = 0) -> int:
    """Pixels of a canvas that are near a colour."""
    code = f"""(() => {{ const one = document.querySelectorAll('canvas')[{number}];
        return Array.from(one.getContext('2d').getImageData(0, 0, one.width, one.height).data); }})()"""
    pixels = np.array(page.run(code)).reshape(-1, 4)[:, :3]
    return int((np.abs(pixels - color).max(1) < 40).sum())


def count_requests(page: Page) -> int:
    page.run('0')
    sent = [event['params']['request'] for event in page.events if event.get('method') == 'Network.requestWillBeSent']
    return sum(request['url'].endswith(('/predict', '/predict/video')) for request in sent)


def wait_for_file(folder: Path) -> Path:
    for _ in range(200):
        found = [path for path in folder.iterdir() if path.suffix in ('.json', '.csv', '.png')]
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f'nothing was saved: {list(folder.iterdir())}')


def test_from_an_image_to_files(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path / 'my photo.png', spots((80, 60), bright=(10, 50), dark=(70, 10)))
    assert page.run('document.querySelector("figcaption").textContent') == 'first: 1 person'
    assert count_pixels(page, BOX) > 50
    assert count_pixels(page, GREEN) == 0  # one keypoint of the link is below the threshold

    set_value(page, 'keypoint-score', '0.2')
    assert count_pixels(page, GREEN) > 50
    set_value(page, 'skeletons', 'false')
    assert count_pixels(page, GREEN) == 0
    set_value(page, 'box-score', '0.6')
    assert count_pixels(page, BOX) == 0
    assert page.run('document.querySelector("figcaption").textContent') == 'first: 0 people'
    set_value(page, 'box-score', '0.3')
    assert count_requests(page) == 1  # all of that without another forward

    for name in ('json', 'csv', 'picture'):
        page.run(f'document.querySelector("[name={name}]").click()')
        file = wait_for_file(tmp_path / 'downloads')
        if name == 'json':
            saved = json.loads(file.read_text())
            assert file.name == 'first_my photo.json'
            assert saved['instances'][0]['keypoints'] == [[10, 50], [70, 10]]
            assert saved['keypoint_names'] == ['bright', 'dark'] and 'heatmap' not in saved
        elif name == 'csv':
            (line,) = csv.DictReader(file.open())
            assert (float(line['bright_x']), float(line['dark_score'])) == (10, 0.25)
        else:
            assert Image.open(file).size == (80, 60)
        file.unlink()
    assert page.find_errors() == []


def test_names_on_hover_and_the_heatmap(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path / 'a.png', spots((80, 60), bright=(20, 30), dark=(70, 10)))
    left, top, scale = page.run("""(() => { const one = document.querySelector('canvas');
        const box = one.getBoundingClientRect(); return [box.left, box.top, box.width / one.width]; })()""")
    page.move_mouse(left + 20 * scale, top + 30 * scale)
    assert page.wait_for('!document.querySelector(".hover").hidden')
    assert page.run('document.querySelector(".hover").textContent') == 'bright 0.75'
    page.move_mouse(left + 70 * scale, top + 55 * scale)
    assert page.wait_for('document.querySelector(".hover").hidden')
    set_value(page, 'boxes', 'false')
    set_value(page, 'skeletons', 'false')
    before = count_pixels(page, (90, 90, 90))
    set_value(page, 'heatmap', 'true')
    assert before > 4000 and count_pixels(page, (90, 90, 90)) < 100
    assert page.find_errors() == []


def test_two_models_side_by_side_and_faults(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path / 'a.png', spots((80, 60)))
    set_value(page, 'second', 'second')
    page.wait_for('document.querySelectorAll("canvas").length === 2')
    captions = page.run('[...document.querySelectorAll("figcaption")].map((one) => one.textContent)')
    assert captions == ['first: 1 person', 'second: 1 person']
    (tmp_path / 'big.png').write_bytes(spots((2000, 2000)))
    page.choose_file('#file', tmp_path / 'big.png')
    page.wait_for('document.querySelector("#message").className === "error"')
    assert '2000 x 2000 pixels' in page.run('document.querySelector("#message").textContent')
    assert page.run('document.querySelectorAll("canvas").length') == 2


def find_block(page: Page, number: int = 0) -> float:
    """The x of the middle of the white block, from the pixels of a canvas."""
    code = f"""(() => {{ const one = document.querySelectorAll('canvas')[{number}];
        return Array.from(one.getContext('2d').getImageData(0, 0, one.width, one.height).data); }})()"""
    pixels = np.array(page.run(code)).reshape(64, 96, 4)[..., :3].min(2)
    return float(np.nonzero(pixels > 200)[1].mean())


def set_position(page: Page, frame: int) -> None:
    set_value(page, 'position', str(frame))
    page.wait_for(f'document.querySelector("#time").value.endsWith("frame {frame}")')


@pytest.mark.parametrize('suffix', ['.webm', '.mp4', '.gif'])  # a browser plays neither MPEG-4 part 2 nor seeks in GIF
def test_a_video_from_upload_to_files(page: Page, client: Client, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f'my walk{suffix}'
    file.write_bytes(make_video(30, suffix))
    page.choose_file('#file', file)
    page.wait_for('document.querySelector("#message").textContent.includes("frames of")')
    assert page.run('document.querySelector("#message").textContent').startswith('my walk')
    assert page.run('document.querySelector("#message").className') == ''
    assert page.run('document.querySelector("#play").textContent') == 'Pause'  # it plays
    first = page.run('document.querySelector("#position").value')
    page.wait_for(f'document.querySelector("#position").value !== "{first}"')
    assert page.run('document.querySelector("figcaption").textContent') == 'first: 1 person'

    for name in ('boxes', 'skeletons'):
        set_value(page, name, 'false')
    for frame in (0, 11, 29):  # the picture of the frame is seen, and drawn on it what was found in it
        set_position(page, frame)
        assert find_block(page) == pytest.approx(4 + 2 * frame + 5.5, abs=1.5)
        set_value(page, 'skeletons', 'true')
        set_value(page, 'keypoint-score', '0.5')  # the bright one alone
        code = """(() => { const one = document.querySelector('canvas');
            return Array.from(one.getContext('2d').getImageData(0, 0, one.width, one.height).data); })()"""
        red = np.array(page.run(code)).reshape(64, 96, 4)[..., :3]
        y, x = (axis.mean() for axis in np.nonzero((red[..., 0] > 200) & (red[..., 1] < 60)))
        assert is_on_block((x, y), frame)
        set_value(page, 'skeletons', 'false')
    assert count_requests(page) == 1

    page.run('document.querySelector("[name=json]").click()')
    saved = wait_for_file(tmp_path / 'downloads')
    content = json.loads(saved.read_text())
    check(content, json.loads((ROOT / 'docs' / 'video_results.schema.json').read_text()))
    assert saved.name == 'first_my walk.json' and content['video_info']['source'] == file.name
    assert [frame['instances'][0]['track_id'] for frame in content['instance_info']] == [1] * 30
    saved.unlink()
    page.run('document.querySelector("[name=csv]").click()')
    with file.open('rb') as video:
        answer = client.post('/predict/video', files={'file': video}, data={'format': 'csv'}).text
    saved, expected = (
        list(csv.reader(text.splitlines())) for text in (wait_for_file(tmp_path / 'downloads').read_text(), answer)
    )
    assert saved[0] == expected[0] and len(saved) == 31
    np.testing.assert_array_equal(np.array(saved[1:], float), np.array(expected[1:], float))
    assert page.find_errors() == []


def test_a_video_side_by_side_and_an_image_afterwards(page: Page, tmp_path: Path) -> None:
    set_value(page, 'second', 'second')
    file = tmp_path / 'walk.webm'
    file.write_bytes(make_video(20, '.webm'))
    page.choose_file('#file', file)
    page.wait_for('document.querySelector("#message").textContent.includes("frames of")')
    assert count_requests(page) == 2  # one video after the other
    set_position(page, 13)
    assert [find_block(page, 0), find_block(page, 1)] == pytest.approx([4 + 26 + 5.5] * 2, abs=1.5)
    set_value(page, 'smooth', 'savgol')
    page.wait_for('document.querySelector("#message").textContent.includes("frames of")')
    show(page, tmp_path / 'a.png', spots((80, 60)))
    assert page.run('document.querySelector("#player").hidden')
    assert page.run('document.querySelectorAll("canvas").length') == 2


def test_a_video_that_cannot_be_read(page: Page, tmp_path: Path) -> None:
    (tmp_path / 'walk.mp4').write_bytes(b'walk' * 100)
    page.choose_file('#file', tmp_path / 'walk.mp4')
    page.wait_for('document.querySelector("#message").className === "error"')
    said = page.run('document.querySelector("#message").textContent')
    assert said.startswith('walk.mp4: The video is not one that can be read (mp4, mov, webm, mkv, avi or gif)')


def test_a_page_of_another_site_gets_nothing(page: Page, client: Client) -> None:
    """Both are the same server, by its own name and by one that leads there: evil.example has the form sent."""
    page.send('Page.setBypassCSP', enabled=True)  # that of our own answers: an evil page has none
    image = base64.b64encode(spots()).decode()
    send = f"""(async () => {{ const form = new FormData();
        form.append('file', await (await fetch('data:image/png;base64,{image}')).blob());
        await fetch('{client.address}/predict',
            {{method: 'POST', mode: 'no-cors', body: form}}).catch(() => 0); }})()"""
    counts = []
    for address, text in (
        (f'http://evil.example:{client.address.rsplit(":", 1)[1]}', 'not called'),
        (client.address, 'UP'),
    ):
        page.open(f'{address}/health')
        page.wait_for(f'document.body && document.body.innerText.includes("{text}")')
        before = sum(client.models['first'].batches)
        page.run(send)
        counts.append(sum(client.models['first'].batches) - before)
    assert counts == [0, 1]
