# Trained on COCO-WholeBody, scored on val2017; crops of 256x192.
_base_ = ['loaders.py', 'wholebody.py', 'crop_256x192.py']

dataset_type = 'CocoWholeBodyDataset'
num_keypoints = 133
train_dataloader = dict(dataset=dict(datasets=[_base_.wholebody_train], pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(_base_.wholebody_val, pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.wholebody_val_metric
test_evaluator = val_evaluator
