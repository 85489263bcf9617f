# MAE on rendered people, a very small ViT.
_base_ = [
    '../_base_/schedules/mae_100e.py',
    '../_base_/data/synthetic_crops_128.py',
    '../_base_/models/mae_mini.py',
]
