# A ViT-L of timm, pre-trained by DINOv2 with registers, with the classic decoder on COCO at 252x196.
_base_ = 'vitpose_base-dinov2_classic_coco-252x196.py'

model = dict(
    backbone=dict(model='vit_large_patch14_reg4_dinov2.lvd142m', drop_path_rate=0.5),
    head=dict(in_channels=1024),
)
