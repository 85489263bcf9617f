# Windows of 8x8 with both: shift in every other block, pooled tokens in all.
_base_ = 'vitpose_base_stride8-full_coco-256x192.py'

model = dict(backbone=dict(attention=('pool', 'shift+pool')))
