# A ViT-B of timm, pre-trained by EVA-02, with the classic decoder on COCO at 252x196.
_base_ = 'vitpose_base-dinov2_classic_coco-252x196.py'

model = dict(
    data_preprocessor=dict(mean=[122.771, 116.746, 104.094], std=[68.501, 66.632, 70.323]),  # CLIP's
    backbone=dict(model='eva02_base_patch14_224.mim_in22k'),
)
