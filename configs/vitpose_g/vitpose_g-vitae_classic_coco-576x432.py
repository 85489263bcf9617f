# The 1B-class ViT with ViTAE's normal cell, a convolution beside every attention: our guess of ViTPose-G.
_base_ = 'vitpose_g_classic_coco-576x432.py'

model = dict(backbone=dict(parallel_conv=True))
