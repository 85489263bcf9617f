# The recipe of the ViTPose paper: AdamW with layer-wise decay, at the rate of the backbone's size (backbones/arch.py).
_base_ = 'steps_210e.py'

optim_wrapper = dict(
    constructor='vitpose_mm.LayerDecayConstructor',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.999), weight_decay=0.1),
    paramwise_cfg=dict(layer_decay_rate='auto'),
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
