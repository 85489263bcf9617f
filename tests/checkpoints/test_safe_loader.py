from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.infer import BaseInferencer
from mmengine.model import BaseModel, PretrainedInit
from mmengine.runner import CheckpointLoader, FlexibleRunner, Runner
from mmengine.runner.checkpoint import (
    _load_checkpoint,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from vitpose_mm.checkpoints import CheckpointError
from vitpose_mm.checkpoints.safe_loader import install_safe_loader


@pytest.fixture(autouse=True)
def schemes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Our loaders are registered; what was there before comes back."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch_home'))
    before = dict(CheckpointLoader._schemes)
    install_safe_loader()
    yield
    CheckpointLoader._schemes = before


class Line(BaseModel):
    """y = w x, with a loss that mmengine's Runner can train."""

    def __init__(self) -> None:
        super().__init__()
        self.line = torch.nn.Linear(1, 1)

    def forward(self, inputs: torch.Tensor, mode: str = 'tensor') -> dict[str, torch.Tensor]:
        return {'loss': ((self.line(inputs) - 2 * inputs) ** 2).mean()}


def make_runner(work_dir: Path, epochs: int, kind: type = Runner, **kwargs: Any) -> Any:
    data = [{'inputs': torch.tensor([float(i)])} for i in range(4)]
    return kind(
        model=Line(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=data,
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=dict(type='default_collate'),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.01)),
        param_scheduler=[dict(type='CosineAnnealingLR', T_max=10, by_epoch=False)],
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=1), checkpoint=dict(type='CheckpointHook', interval=1)
        ),
        experiment_name=f'run{uuid.uuid4()}',
        log_level='ERROR',
        **kwargs,
    )


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """epoch_1.pth of a run of two iterations, with every place of a config filled with code."""
    make_runner(tmp_path / 'run', 1).train()
    file = tmp_path / 'run' / 'epoch_1.pth'
    checkpoint = torch.load(file, weights_only=False)
    code = f'open({str(tmp_path / "marker")!r}, "w").close()'
    checkpoint['meta'].update(config=code, cfg=code)
    checkpoint['message_hub']['runtime_info']['cfg'] = code
    torch.save(checkpoint, file)
    return file


@pytest.mark.parametrize('kind', [Runner, FlexibleRunner])
def test_a_clean_checkpoint_resumes_and_its_config_is_not_run(tmp_path: Path, trained: Path, kind: type) -> None:
    saved = torch.load(trained, weights_only=False)
    runner = make_runner(tmp_path / 'again', 2, kind, load_from=str(trained), resume=True)
    runner.train()
    assert not (tmp_path / 'marker').exists()
    last = torch.load(tmp_path / 'again' / 'epoch_2.pth', weights_only=False)
    assert (saved['meta']['iter'], last['meta']['iter']) == (2, 4)
    assert last['optimizer']['state'][0]['step'] == 4
    assert last['param_schedulers'][0]['_global_step'] == 4
    name = 'train/loss'
    before, after = (c['message_hub']['log_scalars'][name].data[0] for c in (saved, last))
    assert len(after) == 4 and (after[:2] == before).all()


def test_a_resumed_run_equals_one_that_went_through(tmp_path: Path) -> None:
    make_runner(tmp_path / 'whole', 2).train()
    make_runner(tmp_path / 'part', 2, load_from=str(tmp_path / 'whole' / 'epoch_1.pth'), resume=True).train()
    ends = [torch.load(tmp_path / name / 'epoch_2.pth', weights_only=False) for name in ('whole', 'part')]
    assert all(torch.equal(ends[0]['state_dict'][key], ends[1]['state_dict'][key]) for key in ends[0]['state_dict'])


def test_without_our_loader_the_config_is_run(tmp_path: Path, trained: Path) -> None:
    """The attack is real: with a loader that only reads, Runner.resume runs meta.config."""
    CheckpointLoader._schemes = {'': lambda name, map_location: torch.load(name, weights_only=False)}
    make_runner(tmp_path / 'again', 2, load_from=str(trained), resume=True).train()
    assert (tmp_path / 'marker').exists()


def test_an_inferencer_runs_no_config_of_the_file(tmp_path: Path, trained: Path) -> None:
    with pytest.raises(ValueError, match='Cannot find the config'):
        BaseInferencer._init_model(object(), None, str(trained))  # type: ignore[arg-type]
    assert not (tmp_path / 'marker').exists()


@pytest.mark.parametrize('name', ['bomb', 'walk', 'plain pickle 4'])
def test_every_way_of_mmengine_refuses_the_attacks(
    tmp_path: Path, attacks: dict[str, Path], marker: Path, name: str
) -> None:
    file = str(attacks[name])
    ways = [
        lambda: make_runner(tmp_path / 'a', 2, load_from=file, resume=True).train(),
        lambda: make_runner(tmp_path / 'b', 2, load_from=file).train(),
        lambda: PretrainedInit(checkpoint=file)(Line()),
        lambda: _load_checkpoint(file, map_location='cpu'),
    ]
    for way in ways:
        with pytest.raises(CheckpointError, match=f'{attacks[name].name} was not opened'):
            way()
    assert not marker.exists()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The temporary folder, served by a web server of this process."""
    handler = type('Quiet', (SimpleHTTPRequestHandler,), {'log_message': lambda self, *args: None})
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(handler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()
    server.server_close()


def test_addresses_are_as_safe_as_paths(
    tmp_path: Path, address: str, attacks: dict[str, Path], marker: Path, trained: Path
) -> None:
    for name in ('bomb', 'walk'):
        with pytest.raises(CheckpointError, match=f'{attacks[name].name} was not opened'):
            CheckpointLoader.load_checkpoint(f'{address}/{attacks[name].name}')
    loaded = CheckpointLoader.load_checkpoint(f'{address}/run/epoch_1.pth?download=1')
    assert 'cfg' not in loaded['meta'] and loaded['meta']['iter'] == 2
    with pytest.raises(CheckpointError, match=r'nothing\.pth cannot be downloaded .*404'):
        CheckpointLoader.load_checkpoint(f'{address}/nothing.pth')
    with pytest.raises(CheckpointError, match='does not name a file'):
        CheckpointLoader.load_checkpoint(f'{address}/')
    assert not marker.exists()


def test_addresses_of_the_same_file_name_are_kept_apart(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    for number, name in enumerate(('small/model.pth', 'base/model.pth', 'deep/vit_20240131.pth')):
        file = tmp_path / name
        file.parent.mkdir()
        torch.save({'state_dict': {'w': torch.full((1,), float(number))}}, file)
        loaded = CheckpointLoader.load_checkpoint(f'{address}/{name}')
        assert loaded['state_dict']['w'] == number
    assert (tmp_path / 'cache/hub/checkpoints/vit_20240131.pth').is_file()  # as good as a hash, where torch has it


def test_schemes_that_cannot_be_read_safely_are_refused(attacks: dict[str, Path], marker: Path) -> None:
    def load_from_store(filename: str, map_location: Any = None) -> Any:
        return torch.load(filename.removeprefix('store://'), map_location=map_location, weights_only=False)

    CheckpointLoader._schemes = {'store://': load_from_store, **CheckpointLoader._schemes}
    install_safe_loader()
    install_safe_loader()
    for name in (f'store://{attacks["bomb"]}', 's3://bucket/a.pth', 'open-mmlab:s3://bucket/a.pth', 'pavi://a.pth'):
        with pytest.raises(CheckpointError, match=f'{name} has a scheme that cannot be read safely: download the file'):
            CheckpointLoader.load_checkpoint(name)
    assert not marker.exists()


@pytest.mark.parametrize('kind', ['bomb', 'walk'])
def test_models_by_name_are_as_safe_as_paths(
    attacks: dict[str, Path], kind: str, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    folder.mkdir(parents=True)
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    known = {
        'torchvision://resnet50': get_torchvision_models()['resnet50'],
        'open-mmlab://detectron2/resnet50_caffe': get_external_models()['detectron2/resnet50_caffe'],
        'mmcls://resnet50': get_mmcls_models()['resnet50'],
    }
    for name, where in known.items():
        shutil.copy(attacks[kind], folder / Path(where).name)
        with pytest.raises(CheckpointError, match=f'{Path(where).name} was not opened'):
            CheckpointLoader.load_checkpoint(name)
        with pytest.raises(CheckpointError, match='://nothing is not known to MMEngine'):
            CheckpointLoader.load_checkpoint(name.split('://')[0] + '://nothing')
    assert not marker.exists()


def test_a_backbone_by_name_is_cut_from_its_model() -> None:
    file = Path(torch.hub.get_dir()) / 'checkpoints' / Path(get_mmcls_models()['resnet50']).name
    file.parent.mkdir(parents=True)
    torch.save({'state_dict': {'backbone.a': torch.ones(1), 'head.b': torch.ones(1)}}, file)
    assert list(CheckpointLoader.load_checkpoint('mmcls://resnet50')['state_dict']) == ['a']


def test_a_real_detector_loads(shared_data: Path) -> None:
    loaded = CheckpointLoader.load_checkpoint(str(shared_data / 'weights' / 'rtmdet_nano_person.pth'))
    assert sum(value.numel() for value in loaded['state_dict'].values()) > 900_000


def test_an_address_with_an_endless_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv('VITPOSE_MM_MIRROR', str(tmp_path))
    with pytest.raises(CheckpointError, match='does not name a file'):
        CheckpointLoader.load_checkpoint(f'http://127.0.0.1:1/{"a" * 300}.pth')
