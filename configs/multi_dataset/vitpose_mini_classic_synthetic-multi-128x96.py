# A very small ViTPose for three label sets of rendered people.
_base_ = [
    '../_base_/schedules/adamw_30e.py',
    '../_base_/data/multi_synthetic_128x96.py',
    '../_base_/models/vitpose_mini_routed.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(heads=_base_.keypoint_heads, shared=dict(decoder=_base_.codec)),
)
