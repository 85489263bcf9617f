# OCHuman, COCO's keypoints of people in each other's way, below data/ochuman: scored on ground-truth boxes by a model
# that was trained on COCO. It is never trained on.
ochuman_root = 'data/ochuman/'

ochuman_val = dict(
    type='OCHumanDataset',
    data_root=ochuman_root,
    data_mode='topdown',
    ann_file='annotations/ochuman_coco_format_val_range_0.00_1.00.json',
    data_prefix=dict(img='images/'),
    test_mode=True,
)
ochuman_test = dict(ochuman_val, ann_file='annotations/ochuman_coco_format_test_range_0.00_1.00.json')
ochuman_val_metric = dict(type='CocoMetric', ann_file=ochuman_root + ochuman_val['ann_file'])
ochuman_test_metric = dict(type='CocoMetric', ann_file=ochuman_root + ochuman_test['ann_file'])
