# Windows of 8x8, full attention in the last block of every quarter (ViTDet).
_base_ = 'vitpose_base_stride8-full_coco-256x192.py'

model = dict(backbone=dict(attention=('window', 'window', 'full')))
