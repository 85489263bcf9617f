# Full attention at 1/8 features and two steps of two after it: heatmaps of 128x96, and a codec to match.
_base_ = [
    '../_base_/schedules/adamw_210e.py',
    '../_base_/data/coco_fine_256x192.py',
    '../_base_/models/vitpose_base.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size, patch_ratio=2),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
