# The recipe for several datasets at once: a batch twice as large, and twice the learning rate.
_base_ = 'adamw_210e.py'

optim_wrapper = dict(optimizer=dict(lr=1e-3))
auto_scale_lr = dict(base_batch_size=1024)
default_hooks = dict(visualization=dict(type='vitpose_mm.SubsetVisualizationHook'))
