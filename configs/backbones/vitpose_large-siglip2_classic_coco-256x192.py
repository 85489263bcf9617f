# A ViT-L of timm, pre-trained by SigLIP 2, with the classic decoder on COCO at 256x192.
_base_ = 'vitpose_base-siglip2_classic_coco-256x192.py'

model = dict(
    backbone=dict(model='vit_large_patch16_siglip_256.v2_webli', drop_path_rate=0.5),
    head=dict(in_channels=1024),
)
