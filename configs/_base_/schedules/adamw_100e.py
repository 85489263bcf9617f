# The paper's recipe for a few thousand people on one GPU: 100 epochs, 100 iterations of warm-up. The rate is for 64 people
# a step: the paper's 5e-4 is for 512, and the one run with it here broke (fp16; docs/results.md).
_base_ = 'adamw_210e.py'

train_cfg = dict(max_epochs=100)
optim_wrapper = dict(optimizer=dict(lr=2e-4))
param_scheduler = [
    dict(_base_.param_scheduler[0], end=100),
    dict(_base_.param_scheduler[1], end=train_cfg['max_epochs'], milestones=[80, 95]),
]
auto_scale_lr = dict(base_batch_size=64)
