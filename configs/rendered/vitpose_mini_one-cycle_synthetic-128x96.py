# The mini model for one epoch of at most 370 steps at a rate that rises and falls in one cycle.
_base_ = '../quickstart/vitpose_mini_classic_synthetic-128x96.py'

train_cfg = dict(max_epochs=1)
param_scheduler = [dict(type='OneCycleLR', eta_max=_base_.optim_wrapper.optimizer.lr, total_steps=371, by_epoch=False)]
