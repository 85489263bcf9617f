# Trained and scored on synthetic people, crops of 128x96.
_base_ = ['loaders.py', 'synthetic.py', 'crop_128x96.py']

# The paper's augmentation is for 210 epochs; a short one on rendered people needs flips and little more.
augment = [
    _base_.augment[0],
    dict(type='RandomBBoxTransform', shift_prob=0.0, scale_factor=(0.92, 1.08), rotate_factor=6.0),
]
train_pipeline = [*_base_.load, *augment, _base_.crop, _base_.target, _base_.pack]

dataset_type = 'CocoDataset'
num_keypoints = 17
train_dataloader = dict(
    batch_size=16, num_workers=1, dataset=dict(datasets=[dict(_base_.synthetic_train, pipeline=train_pipeline)])
)
val_dataloader = dict(num_workers=1, dataset=dict(_base_.synthetic_val, pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.synthetic_val_metric
test_evaluator = val_evaluator
