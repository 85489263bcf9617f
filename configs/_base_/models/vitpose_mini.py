# A ViT that a CPU can train from random weights in minutes: 2.8 million parameters.
_base_ = 'estimator.py'

layer_decay_rate = 1.0  # nothing is pre-trained
model = dict(
    backbone=dict(type='vitpose_mm.ViT', arch=dict(embed_dims=192, num_layers=6, num_heads=6)),
    head=dict(in_channels=192),
)
