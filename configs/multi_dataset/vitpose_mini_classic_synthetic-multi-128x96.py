# A very small ViTPose for three label sets of rendered people.
_base_ = [
    '../_base_/schedules/adamw_30e.py',
    '../_base_/data/multi_synthetic_128x96.py',
    '../_base_/models/vitpose_mini.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(_base_.router, shared=_base_.model.head, _delete_=True),
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=_base_.layer_decay_rate))
