# Trained on APT-36K, scored on its validation set; crops of 256x192.
_base_ = ['loaders.py', 'apt36k.py', 'crop_256x192.py']

dataset_type = 'vitpose_mm.APT36KDataset'
num_keypoints = 17
train_dataloader = dict(dataset=dict(datasets=[_base_.apt36k_train], pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(_base_.apt36k_val, pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.apt36k_val_metric
test_evaluator = val_evaluator
