# Trained on CrowdPose trainval, scored on its test set; crops of 256x192.
_base_ = ['loaders.py', 'crowdpose.py', 'crop_256x192.py']

dataset_type = 'CrowdPoseDataset'
num_keypoints = 14
train_dataloader = dict(dataset=dict(datasets=[_base_.crowdpose_train], pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(_base_.crowdpose_test, pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.crowdpose_test_metric
test_evaluator = val_evaluator
