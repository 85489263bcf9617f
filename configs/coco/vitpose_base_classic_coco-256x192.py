# ViTPose-B with the classic decoder on COCO at 256x192.
_base_ = [
    '../_base_/schedules/adamw_210e.py',
    '../_base_/data/coco_256x192.py',
    '../_base_/models/vitpose_base.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
