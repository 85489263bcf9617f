# A plain ViT of a billion parameters at 576x432: our guess of ViTPose-G without its convolutions.
# Split over the GPUs (FSDP), in bf16. On one GPU: --cfg-options runner_type=Runner
_base_ = [
    '../_base_/schedules/adamw_210e.py',
    '../_base_/data/coco_576x432.py',
    '../_base_/models/vitpose_g.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
optim_wrapper = dict(
    type='vitpose_mm.FiniteAmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=1.0,  # bf16 needs none
)
runner_type = 'FlexibleRunner'
strategy = dict(type='vitpose_mm.engine.fsdp.ShardedStrategy')
