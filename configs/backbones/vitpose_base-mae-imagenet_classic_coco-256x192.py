# A ViT-B of timm, pre-trained by MAE on ImageNet (its class token left out, as in ViTPose), with the classic
# decoder on COCO at 256x192.
_base_ = 'vitpose_base-dinov3_classic_coco-256x192.py'

model = dict(backbone=dict(model='vit_base_patch16_224.mae', model_args=dict(class_token=False, global_pool='')))
