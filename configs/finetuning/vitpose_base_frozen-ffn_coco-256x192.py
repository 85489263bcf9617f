# Every FFN, the norm before it, patches and positions stay as pre-trained; attention is finetuned.
# Frozen weights have to be good ones: start from MAE's (see _base_/models/vitpose_base.py).
_base_ = '../coco/vitpose_base_classic_coco-256x192.py'

model = dict(backbone=dict(frozen_parts=['ffn']))
