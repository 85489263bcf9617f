"""Decoders and partial finetuning on several hundred people of COCO, from a ViT-S with DINO's weights."""

from __future__ import annotations

from .multi_dataset import VIT_S, WEIGHTS
from .study import Run, Study, Table

CONFIG = 'multi_dataset/vitpose_small-dino_classic_coco-only-128x96.py'
PIPELINE = 'train_dataloader.dataset.pipeline'
# 27 steps of 32 an epoch; gentler augmentation than the paper's, which fits 210 epochs of all of COCO
OPTIONS = (
    *('train_cfg.max_epochs=15', 'val_cfg=None', 'val_dataloader=None', 'val_evaluator=None'),
    *('train_dataloader.batch_size=32', 'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False'),
    *('optim_wrapper.optimizer.lr=4e-4', 'param_scheduler.1.end=15', 'param_scheduler.1.milestones=[8,11,13]'),
    *('param_scheduler.1.gamma=0.3', 'default_hooks.checkpoint.save_best=None'),
    *(f'{PIPELINE}.3.prob=0.1', f'{PIPELINE}.4.rotate_factor=30', f'{PIPELINE}.4.scale_factor=(0.75,1.25)'),
)
TESTED = (
    *('test_dataloader.dataset.bbox_file=', 'test_dataloader.num_workers=0'),
    'test_dataloader.persistent_workers=False',
)
# the same weights through timm's model, which keeps the class token and has no zeros around the image
TIMM = (
    *('model.backbone._delete_=True', 'model.backbone.type=vitpose_mm.TimmViT', 'model.backbone.input_size=(96,128)'),
    *('model.backbone.model=vit_small_patch16_224.dino', f'model.backbone.pretrained={WEIGHTS[0]}'),
    'model.backbone.drop_path_rate=0.1',
)


def finetuned(name: str, *options: str) -> Run:
    """Fifteen epochs with one thing changed, then the test on ground-truth boxes."""
    return Run(name, CONFIG, (*OPTIONS, *options), test_options=(*TESTED, *options))


FINETUNING_REAL = Study(
    name='finetuning_real',
    rendered=False,
    seeds=(0, 1, 2),
    about='classic and simple decoder, attention or FFN frozen, a ViT of timm, 15 epochs of 863 people of COCO',
    prepare=(VIT_S,),
    runs=(
        finetuned('classic'),
        finetuned('simple', 'model.head.type=vitpose_mm.SimpleHead'),
        finetuned('frozen_attention', "model.backbone.frozen_parts=['attention']"),
        finetuned('frozen_ffn', "model.backbone.frozen_parts=['ffn']"),
        finetuned('timm', *TIMM),
    ),
    table=Table(
        reference='classic',
        paper={
            'classic': '75.8 (ViT-B)',
            'simple': '75.5 (-0.3)',
            'frozen_attention': '75.1 (-0.7)',
            'frozen_ffn': '72.8 (-3.0)',
        },
    ),
)

STUDIES = (FINETUNING_REAL,)
