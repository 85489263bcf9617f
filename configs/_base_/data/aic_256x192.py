# Trained on AI Challenger, scored on its validation set; crops of 256x192.
_base_ = ['loaders.py', 'aic.py', 'crop_256x192.py']

dataset_type = 'AicDataset'
num_keypoints = 14
train_dataloader = dict(dataset=dict(datasets=[_base_.aic_train], pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(_base_.aic_val, pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.aic_val_metric
test_evaluator = val_evaluator
