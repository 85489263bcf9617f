# ViTPose-B on COCO at 224x224; a checkpoint of any other size loads, its position embedding is resized.
_base_ = [
    '../_base_/schedules/adamw_210e.py',
    '../_base_/data/coco_224x224.py',
    '../_base_/models/vitpose_base.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
