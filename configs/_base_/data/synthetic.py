# People drawn by `tools/make_synthetic.py quickstart/data --images 3600 --val 250 --size 256 192`.
synthetic_root = 'quickstart/data/'

synthetic_train = dict(
    type='CocoDataset',
    data_root=synthetic_root,
    data_mode='topdown',
    ann_file='annotations/person_keypoints_train.json',
    data_prefix=dict(img='train/'),
)
# Ground-truth boxes; a `bbox_file` would name detected ones.
synthetic_val = dict(
    synthetic_train,
    ann_file='annotations/person_keypoints_val.json',
    data_prefix=dict(img='val/'),
    test_mode=True,
)
synthetic_val_metric = dict(type='CocoMetric', ann_file=synthetic_root + synthetic_val['ann_file'])
