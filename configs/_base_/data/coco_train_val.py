# Trained on COCO train2017, scored on val2017; `coco_<size>.py` adds the crops.
_base_ = ['loaders.py', 'coco.py']

dataset_type = 'CocoDataset'
num_keypoints = 17
train_dataloader = dict(dataset=dict(datasets=[_base_.coco_train]))
val_dataloader = dict(dataset=_base_.coco_val)
test_dataloader = val_dataloader
val_evaluator = _base_.coco_val_metric
test_evaluator = val_evaluator
