# A very small ViT finetuned on some hundred COCO images and LSPET, from random weights or, as a study says, MAE's.
_base_ = [
    '../_base_/schedules/adamw_100e.py',
    '../_base_/data/coco_lspet_128x96.py',
    '../_base_/models/vitpose_mini.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size, patch_padding=0),
    head=dict(
        _delete_=True,
        type='vitpose_mm.SimpleHead',
        in_channels=192,
        out_channels=_base_.num_keypoints,
        decoder=_base_.codec,
    ),
)
optim_wrapper = dict(optimizer=dict(lr=5e-4))
