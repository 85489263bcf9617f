# ViTPose-B from a masked autoencoder on the whole images with people of COCO train2017 and AI Challenger.
_base_ = '../coco/vitpose_base_classic_coco-256x192.py'

pretrained = 'work_dirs/mae_base_coco-aic-images-224/epoch_1600.pth'
model = dict(backbone=dict(patch_padding=0, init_cfg=dict(type='Pretrained', checkpoint=pretrained)))
