# The pose model of the quick start: as vitpose_mini, made for minutes on one CPU core.
_base_ = [
    '../_base_/schedules/adamw_10e.py',
    '../_base_/data/synthetic_128x96.py',
    '../_base_/models/vitpose_micro.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
optim_wrapper = dict(optimizer=dict(lr=1.5e-3, fused=True))
