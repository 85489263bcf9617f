# Leeds Sports Pose Extended with its labels in COCO order (face points are unlabelled), below data/lspet.
lspet_train = dict(
    type='CocoDataset',
    data_root='data/lspet/',
    data_mode='topdown',
    ann_file='annotations/lspet_train_coco17.json',
    data_prefix=dict(img='train/'),
)
