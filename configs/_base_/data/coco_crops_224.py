# Pre-trained on the people of COCO train2017, without their keypoints.
_base_ = ['masked_224.py', 'coco.py']

coco_crops = dict(
    type='vitpose_mm.PersonCrops',
    data_root=_base_.coco_root,
    ann_file=_base_.coco_train['ann_file'],
    data_prefix=_base_.coco_train['data_prefix'],
    pipeline=_base_.pretraining_pipeline,
)
train_dataloader = dict(dataset=dict(datasets=[coco_crops]))
