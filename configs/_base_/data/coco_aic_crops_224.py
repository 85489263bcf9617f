# Pre-trained on the people of COCO train2017 and of AI Challenger (MMPose's layout below data/aic).
_base_ = 'coco_crops_224.py'

aic_crops = dict(
    type='vitpose_mm.PersonCrops',
    data_root='data/aic/',
    ann_file='annotations/aic_train.json',
    data_prefix=dict(img='ai_challenger_keypoint_train_20170902/keypoint_train_images_20170902/'),
    pipeline=_base_.pretraining_pipeline,
)
train_dataloader = dict(dataset=dict(datasets=[_base_.coco_crops, aic_crops]))
