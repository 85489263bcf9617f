# MAE's recipe (He et al. 2022, table 8): 1600 epochs, 40 of warm-up, 1.5e-4 for every 256 images; no validation.
_base_ = '../runtime/default.py'

custom_hooks = [*_base_.custom_hooks, dict(type='vitpose_mm.ReconstructionHook', interval=20)]
default_hooks = dict(checkpoint=dict(interval=20, save_best=None))

train_cfg = dict(max_epochs=1600)
val_cfg = None
test_cfg = None
optim_wrapper = dict(
    constructor='vitpose_mm.LayerDecayConstructor',
    optimizer=dict(type='AdamW', lr=1.5e-4 * 16, betas=(0.9, 0.95), weight_decay=0.05),
    paramwise_cfg=dict(custom_keys=dict(mask_token=dict(decay_mult=0.0), cls_token=dict(decay_mult=0.0))),
)
warmup_epochs = 40
param_scheduler = [
    dict(type='LinearLR', begin=0, end=warmup_epochs, start_factor=1e-4, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        begin=warmup_epochs,
        end=train_cfg['max_epochs'],
        T_max=train_cfg['max_epochs'] - warmup_epochs,
        convert_to_iter_based=True,
    ),
]
# 8 GPUs x 512; `--auto-scale-lr` scales the learning rate to any other batch.
auto_scale_lr = dict(base_batch_size=4096)
