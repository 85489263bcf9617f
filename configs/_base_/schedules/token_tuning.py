# Stage 1 of a distillation: the token alone is trained, for a few epochs, without weight decay (it is not a weight).
token_tuning = dict(
    train_cfg=dict(by_epoch=True, max_epochs=5, val_interval=5),
    optim_wrapper=dict(
        type='vitpose_mm.FiniteOptimWrapper',
        optimizer=dict(type='AdamW', lr=1e-2, weight_decay=0.0),
        clip_grad=None,
    ),
    param_scheduler=[dict(type='CosineAnnealingLR', T_max=5, convert_to_iter_based=True)],
)
