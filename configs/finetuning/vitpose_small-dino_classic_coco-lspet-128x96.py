# A DINO-pre-trained ViT-S finetuned on some hundred COCO images and LSPET at 128x96.
_base_ = [
    '../_base_/schedules/adamw_100e.py',
    '../_base_/data/coco_lspet_128x96.py',
    '../_base_/models/vitpose_small_dino.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
