# The very small ViTPose for three label sets with an expert of every block for each.
_base_ = 'vitpose_mini_classic_synthetic-multi-128x96.py'

model = dict(backbone=dict(num_experts=3), expert_ids=dict(coco=0, aic=1, mpii=2))
