# Trained and scored on synthetic people, crops of 128x96.
_base_ = ['loaders.py', 'synthetic.py', 'crop_close_128x96.py']

# A short training needs no augmentation but flips.
train_pipeline = [*_base_.load, _base_.augment[0], _base_.crop, _base_.target, _base_.pack]

dataset_type = 'CocoDataset'
num_keypoints = 17
train_dataloader = dict(
    batch_size=16, num_workers=1, dataset=dict(datasets=[_base_.synthetic_train], pipeline=train_pipeline)
)
val_dataloader = dict(num_workers=1, dataset=dict(_base_.synthetic_val, pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.synthetic_val_metric
test_evaluator = val_evaluator
