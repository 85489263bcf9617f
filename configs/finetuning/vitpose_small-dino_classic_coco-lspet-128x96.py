# A DINO-pre-trained ViT-S finetuned on some hundred COCO images and LSPET at 128x96, a recipe for a CPU: 32 epochs, a
# rate that falls along a cosine, as many people of COCO as of LSPET, and gentler augmentation than for all of COCO.
_base_ = [
    '../_base_/schedules/adamw_100e.py',
    '../_base_/data/coco_lspet_128x96.py',
    '../_base_/models/vitpose_small_dino.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
flip, half_body, box = _base_.augment
augment = [flip, dict(half_body, prob=0.1), dict(box, scale_factor=(0.75, 1.25), rotate_factor=30.0)]
train_pipeline = [*_base_.load, *augment, _base_.crop, _base_.target, _base_.pack]
train_dataloader = dict(batch_size=32, sampler=dict(ratios=[1, 1]), dataset=dict(pipeline=train_pipeline))
train_cfg = dict(max_epochs=32, val_interval=4)
optim_wrapper = dict(optimizer=dict(lr=4e-4))
param_scheduler = [
    dict(_base_.param_scheduler[0], end=300),
    dict(type='CosineAnnealingLR', T_max=train_cfg['max_epochs'], convert_to_iter_based=True),
]
auto_scale_lr = dict(base_batch_size=train_dataloader['batch_size'])
