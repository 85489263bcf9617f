from __future__ import annotations

from mmengine.config import Config

from tests.helpers.shipped_configs import with_options
from vitpose_mm.studies.pretraining import MAE_REAL
from vitpose_mm.studies.study import Run


def read(run: Run) -> Config:
    """Return the config of a run with its options in it."""
    return with_options(run.train, run.options)


def test_the_two_finetunings_differ_in_their_pretrained_weights_alone() -> None:
    scratch, mae, finetuned = MAE_REAL.runs
    assert (scratch.test_options, scratch.scored, mae.scored) == (finetuned.test_options, True, False)
    assert finetuned.needs() == ['mae']
    plain, started = read(scratch), read(finetuned)
    assert started.model.backbone.pop('init_cfg') == {'type': 'Pretrained', 'checkpoint': '{checkpoint:mae}'}
    assert started.to_dict() == plain.to_dict()
    assert plain.train_cfg.max_epochs == plain.param_scheduler[1].end == 40
    assert plain.param_scheduler[1].milestones == [32, 38]


def test_the_autoencoder_sees_the_finetunings_pictures() -> None:
    scratch, mae, _ = (read(run) for run in MAE_REAL.runs)
    keys = ('data_root', 'ann_file', 'data_prefix')
    sources = [
        [{key: part[key] for key in keys} for part in cfg.train_dataloader.dataset.datasets] for cfg in (scratch, mae)
    ]
    assert sources[0] == sources[1]
    assert scratch.model.backbone.arch.embed_dims == mae.model.backbone.arch.embed_dims
    assert scratch.model.backbone.arch.num_layers == mae.model.backbone.arch.num_layers
