# ViT-B, from random weights. To start from pre-trained ones (MAE's file as it is):
#   --cfg-options model.backbone.init_cfg.type=Pretrained model.backbone.init_cfg.checkpoint=FILE
_base_ = 'estimator.py'

model = dict(
    backbone=dict(type='vitpose_mm.ViT', arch='base', drop_path_rate=0.3),
    head=dict(in_channels=768),
)
