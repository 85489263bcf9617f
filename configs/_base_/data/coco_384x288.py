# Trained on COCO train2017, scored on val2017, crops of 384x288.
_base_ = ['loaders.py', 'coco.py', 'crop_384x288.py']

dataset_type = 'CocoDataset'
num_keypoints = 17
train_dataloader = dict(dataset=dict(datasets=[_base_.coco_train], pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.coco_val_metric
test_evaluator = val_evaluator
