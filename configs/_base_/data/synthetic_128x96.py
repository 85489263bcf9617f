# Trained and scored on synthetic people, crops of 128x96.
_base_ = ['loaders.py', 'synthetic.py', 'crop_128x96.py']

dataset_type = 'CocoDataset'
num_keypoints = 17
train_dataloader = dict(
    num_workers=1, dataset=dict(datasets=[dict(_base_.synthetic_train, pipeline=_base_.train_pipeline)])
)
val_dataloader = dict(num_workers=1, dataset=dict(_base_.synthetic_val, pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.synthetic_val_metric
test_evaluator = val_evaluator
