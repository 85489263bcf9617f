# Windows of 16x12 with shift and pooled tokens.
_base_ = 'vitpose_base_stride8-full_coco-256x192.py'

model = dict(backbone=dict(attention=('pool', 'shift+pool'), window_size=(16, 12)))
