# MAE on the people of COCO train2017, ViT-L.
_base_ = [
    '../_base_/schedules/mae_1600e.py',
    '../_base_/data/coco_crops_224.py',
    '../_base_/models/mae_large.py',
]
