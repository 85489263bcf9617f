# Pre-trained on the people of COCO train2017 and of AI Challenger, without their keypoints.
_base_ = ['coco_crops_224.py', 'aic.py']

aic_crops = dict(
    type='vitpose_mm.PersonCrops',
    data_root=_base_.aic_root,
    ann_file=_base_.aic_train['ann_file'],
    data_prefix=_base_.aic_train['data_prefix'],
    pipeline=_base_.pretraining_pipeline,
)
train_dataloader = dict(dataset=dict(datasets=[_base_.coco_crops, aic_crops]))
