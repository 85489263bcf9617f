# Trained and scored on synthetic people, crops of 128x96.
_base_ = ['loaders.py', 'synthetic.py', 'crop_128x96.py']

# A crop this small has no pixels to spare for a margin of a quarter; and a short training needs no augmentation but flips.
load = [_base_.load[0], dict(type='GetBBoxCenterScale', padding=1.1)]
train_pipeline = [*load, _base_.augment[0], _base_.crop, _base_.target, _base_.pack]
val_pipeline = [*load, _base_.crop, dict(type='PackPoseInputs')]

dataset_type = 'CocoDataset'
num_keypoints = 17
train_dataloader = dict(
    batch_size=16, num_workers=1, dataset=dict(datasets=[dict(_base_.synthetic_train, pipeline=train_pipeline)])
)
val_dataloader = dict(num_workers=1, dataset=dict(_base_.synthetic_val, pipeline=val_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.synthetic_val_metric
test_evaluator = val_evaluator
