# A pre-trained ViT-S finetuned on COCO's keypoints of a part of COCO and AI Challenger's of LSPET.
_base_ = [
    '../_base_/schedules/adamw_multi_100e.py',
    '../_base_/data/multi_coco_lspet_128x96.py',
    '../_base_/models/vitpose_small_dino_routed.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(heads=_base_.keypoint_heads, shared=dict(decoder=_base_.codec)),
)
