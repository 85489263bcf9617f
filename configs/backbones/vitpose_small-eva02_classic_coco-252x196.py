# A ViT-S of timm, pre-trained by EVA-02, with the classic decoder on COCO at 252x196.
_base_ = 'vitpose_base-eva02_classic_coco-252x196.py'

model = dict(
    backbone=dict(model='eva02_small_patch14_224.mim_in22k', drop_path_rate=0.1),
    head=dict(in_channels=384),
)
