# The mini model on rendered people, from a masked autoencoder on the same people.
_base_ = '../quickstart/vitpose_mini_classic_synthetic-128x96.py'

pretrained = 'work_dirs/mae_mini_synthetic-crops-128/epoch_100.pth'
model = dict(backbone=dict(patch_padding=0, init_cfg=dict(type='Pretrained', checkpoint=pretrained)))
