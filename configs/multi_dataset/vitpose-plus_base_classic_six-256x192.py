# ViTPose++-B: experts and a classic decoder each for six datasets.
_base_ = [
    '../_base_/schedules/adamw_multi_210e.py',
    '../_base_/data/multi_six_256x192.py',
    '../_base_/models/vitpose_base_experts.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(shared=dict(decoder=_base_.codec)),
)
