# ResNet-18 from random weights on rendered people with the classic decoder: all else as for the mini ViT.
_base_ = [
    '../_base_/schedules/adamw_10e.py',
    '../_base_/data/synthetic_128x96.py',
    '../_base_/models/resnet_18.py',
]
model = dict(head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec))
