# APT-36K in COCO's format below data/apt36k; ground-truth boxes.
apt36k_root = 'data/apt36k/'

apt36k_train = dict(
    type='vitpose_mm.APT36KDataset',
    data_root=apt36k_root,
    data_mode='topdown',
    ann_file='annotations/train_annotations_1.json',
    data_prefix=dict(img=''),
)
apt36k_val = dict(apt36k_train, ann_file='annotations/val_annotations_1.json', test_mode=True)
apt36k_val_metric = dict(type='CocoMetric', ann_file=apt36k_root + apt36k_val['ann_file'])
