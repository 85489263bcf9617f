# Trained on MPII, scored by PCKh on its validation set; crops of 256x192.
_base_ = ['loaders.py', 'mpii.py', 'crop_256x192.py']

dataset_type = 'MpiiDataset'
num_keypoints = 16
train_dataloader = dict(
    dataset=dict(datasets=[_base_.mpii_train], pipeline=[_base_.mpii_from_zero, *_base_.train_pipeline])
)
val_dataloader = dict(dataset=dict(_base_.mpii_val, pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.mpii_val_metric
test_evaluator = val_evaluator
