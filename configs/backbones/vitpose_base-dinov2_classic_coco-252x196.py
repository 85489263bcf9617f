# A ViT-B of timm, pre-trained by DINOv2 with registers, with the classic decoder on COCO at 252x196.
_base_ = ['../_base_/schedules/adamw_210e.py', '../_base_/data/coco_252x196.py', '../_base_/models/timm_vit.py']
model = dict(
    backbone=dict(
        model='vit_base_patch14_reg4_dinov2.lvd142m',
        input_size=_base_.codec.input_size,
        drop_path_rate=0.3,
    ),
    head=dict(in_channels=768, out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
