# Windows of 8x8 that also see one pooled token of every window.
_base_ = 'vitpose_base_stride8-full_coco-256x192.py'

model = dict(backbone=dict(attention='pool'))
