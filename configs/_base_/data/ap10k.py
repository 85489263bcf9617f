# AP-10K, its first split, in MMPose's layout below data/ap10k; ground-truth boxes.
ap10k_root = 'data/ap10k/'

ap10k_train = dict(
    type='AP10KDataset',
    data_root=ap10k_root,
    data_mode='topdown',
    ann_file='annotations/ap10k-train-split1.json',
    data_prefix=dict(img='data/'),
)
ap10k_val = dict(ap10k_train, ann_file='annotations/ap10k-val-split1.json', test_mode=True)
ap10k_test = dict(ap10k_train, ann_file='annotations/ap10k-test-split1.json', test_mode=True)
ap10k_val_metric = dict(type='CocoMetric', ann_file=ap10k_root + ap10k_val['ann_file'])
ap10k_test_metric = dict(type='CocoMetric', ann_file=ap10k_root + ap10k_test['ann_file'])
