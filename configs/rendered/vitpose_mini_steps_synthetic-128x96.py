# The mini model for one epoch of some 370 steps at a rate that falls in steps, as the paper's does.
_base_ = '../quickstart/vitpose_mini_classic_synthetic-128x96.py'

train_cfg = dict(max_epochs=1)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(type='MultiStepLR', milestones=[300, 350], gamma=0.1, by_epoch=False),
]
