# Smaller still, with a decoder of 32 channels, so that a CPU core sees a hundred thousand people in a quarter of an hour.
_base_ = 'vitpose_mini.py'

model = dict(
    backbone=dict(arch=dict(embed_dims=96, num_layers=4, num_heads=3)),
    head=dict(in_channels=96, num_channels=32),
)
