# ViTPose-S with a classic decoder each for COCO, AI Challenger, MPII and CrowdPose.
_base_ = [
    '../_base_/schedules/adamw_multi_210e.py',
    '../_base_/data/multi_coco_aic_mpii_crowdpose_256x192.py',
    '../_base_/models/vitpose_small_routed.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(heads=_base_.keypoint_heads, shared=dict(decoder=_base_.codec)),
)
