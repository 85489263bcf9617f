# The mini model on rendered people with full attention at 1/8 features: 16x12 tokens of overlapping patches.
_base_ = '../quickstart/vitpose_mini_classic_synthetic-128x96.py'

model = dict(
    backbone=dict(patch_ratio=2, attention='full', window_size=(4, 3)),  # a quarter of the grid a side
    head=dict(num_upsamples=1),  # the heatmaps stay 32x24
)
