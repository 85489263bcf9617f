# CrowdPose in MMPose's layout below data/crowdpose.
crowdpose_root = 'data/crowdpose/'

crowdpose_train = dict(
    type='CrowdPoseDataset',
    data_root=crowdpose_root,
    data_mode='topdown',
    ann_file='annotations/mmpose_crowdpose_trainval.json',
    data_prefix=dict(img='images/'),
)
# Scored on detected boxes; an empty `bbox_file` means ground-truth boxes. The labels have no areas.
crowdpose_test = dict(
    crowdpose_train,
    ann_file='annotations/mmpose_crowdpose_test.json',
    bbox_file=crowdpose_root + 'annotations/det_for_crowd_test_0.1_0.5.json',
    test_mode=True,
)
crowdpose_test_metric = dict(
    type='CocoMetric',
    ann_file=crowdpose_root + crowdpose_test['ann_file'],
    use_area=False,
    iou_type='keypoints_crowd',
    prefix='crowdpose',
)
