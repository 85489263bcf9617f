# A very small ViTPose on rendered people at 128x96: the student of the distillation study.
_base_ = [
    '../_base_/schedules/adamw_10e.py',
    '../_base_/data/synthetic_128x96.py',
    '../_base_/models/vitpose_mini.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
