# ViTPose++-S: a decoder and an expert in every block for each of six datasets.
_base_ = ['vitpose_small_routed.py', 'six_datasets.py']

model = dict(
    backbone=dict(num_experts=len(_base_.heads)),
    head=dict(heads=_base_.heads),
    expert_ids=_base_.expert_ids,
)
