# Trained on AP-10K's first split, validated on its validation set and tested on its test set; crops of 256x192.
_base_ = ['loaders.py', 'ap10k.py', 'crop_256x192.py']

dataset_type = 'AP10KDataset'
num_keypoints = 17
train_dataloader = dict(dataset=dict(datasets=[_base_.ap10k_train], pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(_base_.ap10k_val, pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(_base_.ap10k_test, pipeline=_base_.val_pipeline))
val_evaluator = _base_.ap10k_val_metric
test_evaluator = _base_.ap10k_test_metric
