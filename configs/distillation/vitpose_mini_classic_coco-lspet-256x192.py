# A very small ViTPose on some hundred COCO images and LSPET: the student of the study on real people, on its own.
_base_ = [
    '../_base_/schedules/adamw_100e.py',
    '../_base_/data/coco_lspet_256x192.py',
    '../_base_/models/vitpose_mini.py',
]
model = dict(
    backbone=dict(input_size=_base_.codec.input_size),
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec),
)
optim_wrapper = dict(optimizer=dict(lr=5e-4))
# few people, and a small model: AP alone would say little
test_dataloader = dict(dataset=dict(bbox_file=''))
test_evaluator = [_base_.coco_val_metric, dict(type='PCKAccuracy', thr=0.2, norm_item='bbox')]
