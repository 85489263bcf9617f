# Leeds Sports Pose Extended with its labels in AI Challenger's order, below data/lspet; areas are estimates.
lspet_aic_train = dict(
    type='AicDataset',
    data_root='data/lspet/',
    data_mode='topdown',
    ann_file='annotations/lspet_train_aic14.json',
    data_prefix=dict(img='train/'),
)
lspet_aic_val = dict(
    lspet_aic_train,
    ann_file='annotations/lspet_val_aic14.json',
    data_prefix=dict(img='val/'),
    test_mode=True,
)
lspet_aic_val_metric = dict(type='CocoMetric', ann_file='data/lspet/' + lspet_aic_val['ann_file'], use_area=False)
