# `mae_1600e.py` for a few thousand people on a CPU core: 100 epochs in batches of 64, 5 epochs of warm-up.
_base_ = 'mae_1600e.py'

train_cfg = dict(max_epochs=100)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
warmup_epochs = 5
param_scheduler = [
    dict(_base_.param_scheduler[0], end=warmup_epochs),
    dict(
        _base_.param_scheduler[1],
        begin=warmup_epochs,
        end=train_cfg['max_epochs'],
        T_max=train_cfg['max_epochs'] - warmup_epochs,
    ),
]
auto_scale_lr = dict(base_batch_size=64)
