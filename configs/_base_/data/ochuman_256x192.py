# Trained on COCO, tested on OCHuman's validation and test sets, ground-truth boxes.
_base_ = ['coco_256x192.py', 'ochuman.py']

dataset_type = 'OCHumanDataset'
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='vitpose_mm.MultiDataset',
        datasets=dict(ochuman_val=_base_.ochuman_val, ochuman_test=_base_.ochuman_test),
        pipeline=_base_.val_pipeline,
    )
)
test_evaluator = dict(
    _delete_=True,
    type='vitpose_mm.SubsetMetric',
    subsets=dict(ochuman_val=_base_.ochuman_val_metric, ochuman_test=_base_.ochuman_test_metric),
)
