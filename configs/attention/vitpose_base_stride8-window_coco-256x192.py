# Attention in windows of 8x8: nothing passes between windows.
_base_ = 'vitpose_base_stride8-full_coco-256x192.py'

model = dict(backbone=dict(attention='window'))
