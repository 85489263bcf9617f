# A ViT-L of timm, pre-trained by MAE on ImageNet (its class token left out, as in ViTPose), with the classic
# decoder on COCO at 256x192.
_base_ = 'vitpose_base-mae-imagenet_classic_coco-256x192.py'

model = dict(
    backbone=dict(model='vit_large_patch16_224.mae', drop_path_rate=0.5),
    head=dict(in_channels=1024),
)
