# A plain ViT of a billion parameters at 576x432: our guess of ViTPose-G without its convolutions.
_base_ = [
    '../_base_/schedules/adamw_210e.py',
    '../_base_/data/coco_576x432.py',
    '../_base_/models/vitpose_g.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=_base_.layer_decay_rate))
