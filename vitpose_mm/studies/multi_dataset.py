"""Is one model for several datasets as good on each as a model of its own?"""

from __future__ import annotations

from .study import Preparation, Run, Study, Table

# each label set on pictures of its own; the pictures to score on bear all three
SIZE = ('--size', '256', '192')
SYNTHETIC = tuple(
    Preparation(folder, ('make_synthetic.py', folder, '--images', '200', '--val', val, '--seed', seed, *SIZE))
    for folder, seed, val in (
        ('data/synthetic_coco', '1', '120'),
        ('data/synthetic_aic', '2', '0'),
        ('data/synthetic_mpii', '3', '0'),
    )
)
FOLDER = 'multi_dataset'

MULTI_SYNTHETIC = Study(
    name='multi_synthetic',
    about='COCO, AIC and MPII labels on 200 rendered images each: one joint model against one model for each',
    prepare=SYNTHETIC,
    seeds=(0, 1, 2),
    runs=(
        Run('joint', f'{FOLDER}/vitpose_mini_classic_synthetic-multi-128x96.py'),
        Run('experts', f'{FOLDER}/vitpose-plus_mini_classic_synthetic-multi-128x96.py'),
        Run('coco', f'{FOLDER}/vitpose_mini_classic_synthetic-coco-128x96.py'),
        Run('aic', f'{FOLDER}/vitpose_mini_classic_synthetic-aic-128x96.py'),
        Run('mpii', f'{FOLDER}/vitpose_mini_classic_synthetic-mpii-128x96.py'),
    ),
    table=Table(
        reference='joint',
        names={'experts': 'joint, ViTPose++ experts', 'coco': 'COCO alone', 'aic': 'AIC alone', 'mpii': 'MPII alone'},
        paper={'joint': '77.1 (+1.3)', 'coco': '75.8'},
        columns={
            'coco/AP': 'COCO AP',
            'mpii/PCK': 'MPII PCKh@.5',
            'aic/PCK': 'AIC PCK@0.1 (box)',
            'aic/AP': 'AIC AP',
        },
    ),
)

# 27 iterations an epoch for COCO alone: its warm-up has to fit
SIXTY_EPOCHS = (
    'train_cfg.max_epochs=60', 'train_cfg.val_interval=20', 'train_dataloader.batch_size=32',
    'optim_wrapper.optimizer.lr=3e-4', 'param_scheduler.1.end=60', 'param_scheduler.1.milestones=[48,57]',
)  # fmt: skip
WEIGHTS = ('data/weights/vit_small_patch14_dinov2like_fp16.pth', 'work_dirs/weights/vit_small_dino.pth')
VIT_S = Preparation(WEIGHTS[1], ('convert_checkpoint.py', *WEIGHTS, '--from', 'timm'))
MULTI_REAL = Study(
    name='multi_real',
    rendered=False,
    about='COCO with LSPET in AIC order against COCO alone, from a pre-trained ViT-S, at equal COCO epochs (60)',
    prepare=(VIT_S,),
    runs=(
        Run('coco', f'{FOLDER}/vitpose_small-dino_classic_coco-only-128x96.py', SIXTY_EPOCHS),
        Run('joint', f'{FOLDER}/vitpose_small-dino_classic_coco-lspet-aic-128x96.py', SIXTY_EPOCHS),
    ),
)

STUDIES = (MULTI_SYNTHETIC, MULTI_REAL)
