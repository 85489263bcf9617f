# Windows of 8x8, shifted by half a window in every other block.
_base_ = 'vitpose_base_stride8-full_coco-256x192.py'

model = dict(backbone=dict(attention=('window', 'shift')))
