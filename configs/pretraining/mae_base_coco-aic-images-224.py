# MAE on the whole images with people of COCO train2017 and AI Challenger, ViT-B.
_base_ = [
    '../_base_/schedules/mae_1600e.py',
    '../_base_/data/coco_aic_images_224.py',
    '../_base_/models/mae_base.py',
]
