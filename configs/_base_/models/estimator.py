# Crop -> backbone -> head -> heatmaps; ImageNet's colour statistics; heatmaps of the flipped crop are averaged in.
model = dict(
    type='vitpose_mm.PoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    head=dict(type='vitpose_mm.ClassicHead'),
    train_cfg=dict(compute_acc=False),  # a PCK in numpy at every step is not cheap
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=False),
)
