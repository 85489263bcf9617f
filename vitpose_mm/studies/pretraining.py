"""What does pre-training without labels on the training crops bring a small model?"""

from __future__ import annotations

from .study import Run, Study

FINETUNING = 'pretraining/vitpose_mini_simple_coco-lspet-128x96.py'
FORTY_EPOCHS = (
    'train_cfg.max_epochs=40',
    'train_cfg.val_interval=40',
    'param_scheduler.1.end=40',
    'param_scheduler.1.milestones=[32,38]',
    'train_dataloader.num_workers=1',
    'val_dataloader.num_workers=1',
)
TEST = ('test_dataloader.num_workers=1',)
FROM_MAE = ('model.backbone.init_cfg.type=Pretrained', 'model.backbone.init_cfg.checkpoint={checkpoint:mae}')

MAE_REAL = Study(
    name='mae_real',
    rendered=False,
    about='a ViT of 6 layers, 192 wide, on COCO and LSPET: from random weights against MAE on the same crops',
    runs=(
        Run('scratch', FINETUNING, FORTY_EPOCHS, test_options=TEST),
        Run('mae', 'pretraining/mae_mini_coco-lspet-crops-128.py', scored=False),
        Run('finetuned', FINETUNING, (*FORTY_EPOCHS, *FROM_MAE), test_options=TEST),
    ),
)

STUDIES = (MAE_REAL,)
