# Ten epochs from random weights on a CPU: a higher learning rate that falls along a cosine.
_base_ = '../runtime/default.py'

train_cfg = dict(max_epochs=10, val_interval=10)
optim_wrapper = dict(
    constructor='vitpose_mm.LayerDecayConstructor',
    optimizer=dict(type='AdamW', lr=8e-4, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(layer_decay_rate='auto'),
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=50, start_factor=1e-3, by_epoch=False),
    dict(type='CosineAnnealingLR', T_max=train_cfg['max_epochs'], convert_to_iter_based=True),
]
default_hooks = dict(checkpoint=dict(interval=1), logger=dict(interval=10))
