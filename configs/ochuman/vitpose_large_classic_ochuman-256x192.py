# COCO's ViTPose-L, tested on OCHuman.
_base_ = [
    '../_base_/schedules/adamw_210e.py',
    '../_base_/data/ochuman_256x192.py',
    '../_base_/models/vitpose_large.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
