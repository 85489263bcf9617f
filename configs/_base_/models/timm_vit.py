# A plain ViT of timm with the weights that timm names for it, downloaded once at the start of a training; a file of yours:
#   --cfg-options model.backbone.pretrained=FILE
_base_ = 'estimator.py'

model = dict(backbone=dict(type='vitpose_mm.TimmViT', pretrained=True))
