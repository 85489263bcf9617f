# MPII in MMPose's layout below data/mpii (tools/convert_dataset.py mpii makes the annotation files).
mpii_root = 'data/mpii/'

mpii_train = dict(
    type='MpiiDataset',
    data_root=mpii_root,
    data_mode='topdown',
    ann_file='annotations/mpii_train.json',
    data_prefix=dict(img='images/'),
)
mpii_val = dict(
    mpii_train,
    ann_file='annotations/mpii_val.json',
    headbox_file=mpii_root + 'annotations/mpii_gt_val.mat',
    test_mode=True,
)
# PCKh@0.5 is PCK, PCKh@0.1 is PCK@0.1.
mpii_val_metric = dict(type='MpiiPCKAccuracy')
# Its joints count pixels from 1: in training they are made to count from 0; the metric adds 1 to predictions itself.
mpii_from_zero = dict(type='vitpose_mm.ShiftKeypoints', offset=-1)
