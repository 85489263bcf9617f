# MAE on the whole images with people of COCO train2017 and AI Challenger, ViT-L.
_base_ = [
    '../_base_/schedules/mae_1600e.py',
    '../_base_/data/coco_aic_images_224.py',
    '../_base_/models/mae_large.py',
]
