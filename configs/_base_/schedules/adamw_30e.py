# Thirty epochs from random weights on a CPU, for a few hundred pictures; scored at the end.
_base_ = 'adamw_10e.py'

train_cfg = dict(max_epochs=30, val_interval=30)
param_scheduler = [_base_.param_scheduler[0], dict(_base_.param_scheduler[1], T_max=30)]
default_hooks = dict(visualization=dict(type='vitpose_mm.SubsetVisualizationHook'))
