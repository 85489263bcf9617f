# ResNet-18 from random weights, and a classic decoder as wide as that of the mini ViT.
_base_ = 'resnet_50.py'

model = dict(
    backbone=dict(depth=18, init_cfg=None),
    head=dict(in_channels=512, num_channels=64),
)
