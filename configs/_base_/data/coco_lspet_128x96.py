# Trained on COCO and LSPET, crops of 128x96; validated on ground-truth boxes, tested on detected ones.
_base_ = ['loaders.py', 'coco_lspet.py', 'crop_128x96.py']

dataset_type = 'CocoDataset'
num_keypoints = 17
train_dataloader = dict(
    dataset=dict(datasets=[_base_.coco_train, _base_.lspet_train], pipeline=_base_.train_pipeline)
)
val_dataloader = dict(dataset=dict(_base_.coco_val, bbox_file='', pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.val_pipeline))
val_evaluator = _base_.coco_val_metric
test_evaluator = val_evaluator
