# A ViT that a CPU can train from random weights: 3.1 million parameters, its decoder a quarter as wide as the paper's.
_base_ = 'estimator.py'

model = dict(
    backbone=dict(
        type='vitpose_mm.ViT',
        # nothing is pre-trained, so every layer learns at the same rate
        arch=dict(embed_dims=192, num_layers=6, num_heads=6, layer_decay_rate=1.0),
    ),
    head=dict(in_channels=192, num_channels=64),
)
