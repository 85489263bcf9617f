# 210 epochs, x 0.1 after 170 and 200, linear warm-up of 500 iterations (at most a tenth of all); holds the runtime, because both set `train_cfg`.
_base_ = '../runtime/default.py'

train_cfg = dict(max_epochs=210, val_interval=10)
param_scheduler = [
    dict(type='vitpose_mm.WarmupLR', begin=0, end=500, start_factor=1e-3, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=train_cfg['max_epochs'], milestones=[170, 200], gamma=0.1, by_epoch=True),
]
# 8 GPUs x 64; `--auto-scale-lr` scales the learning rate to any other batch.
auto_scale_lr = dict(base_batch_size=512)
