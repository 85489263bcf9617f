# AI Challenger keypoints in MMPose's layout below data/aic (tools/convert_dataset.py aic makes the annotation files).
aic_root = 'data/aic/'

aic_train = dict(
    type='AicDataset',
    data_root=aic_root,
    data_mode='topdown',
    ann_file='annotations/aic_train.json',
    data_prefix=dict(img='ai_challenger_keypoint_train_20170902/keypoint_train_images_20170902/'),
)
# Ground-truth boxes; the labels have no areas.
aic_val = dict(
    aic_train,
    ann_file='annotations/aic_val.json',
    data_prefix=dict(img='ai_challenger_keypoint_validation_20170911/keypoint_validation_images_20170911/'),
    test_mode=True,
)
aic_val_metric = dict(type='CocoMetric', ann_file=aic_root + aic_val['ann_file'], use_area=False)
