# A wider and deeper model than the mini one, to teach it.
_base_ = '../quickstart/vitpose_mini_classic_synthetic-128x96.py'

model = dict(
    backbone=dict(arch=dict(embed_dims=256, num_layers=8, num_heads=8)),
    head=dict(in_channels=256),
)
