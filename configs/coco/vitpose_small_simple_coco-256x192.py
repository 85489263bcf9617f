# ViTPose-S with the simple decoder: ReLU, one interpolation, one convolution.
_base_ = 'vitpose_small_classic_coco-256x192.py'

model = dict(head=dict(type='vitpose_mm.SimpleHead'))
