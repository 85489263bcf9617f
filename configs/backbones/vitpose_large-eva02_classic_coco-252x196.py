# A ViT-L of timm, pre-trained by EVA-02, with the classic decoder on COCO at 252x196.
_base_ = 'vitpose_base-eva02_classic_coco-252x196.py'

model = dict(
    backbone=dict(model='eva02_large_patch14_224.mim_m38m', drop_path_rate=0.5),
    head=dict(in_channels=1024),
)
