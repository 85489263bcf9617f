# ViTPose++-S: experts and a classic decoder each for six datasets.
_base_ = [
    '../_base_/schedules/adamw_multi_210e.py',
    '../_base_/data/multi_six_256x192.py',
    '../_base_/models/vitpose_small.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size, num_experts=6),
    head=dict(_base_.router, shared=_base_.model.head, _delete_=True),
    expert_ids=_base_.expert_ids,
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=_base_.layer_decay_rate))
