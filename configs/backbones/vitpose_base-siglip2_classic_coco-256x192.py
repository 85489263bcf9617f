# A ViT-B of timm, pre-trained by SigLIP 2, with the classic decoder on COCO at 256x192.
_base_ = 'vitpose_base-dinov3_classic_coco-256x192.py'

model = dict(
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(model='vit_base_patch16_siglip_256.v2_webli'),
)
