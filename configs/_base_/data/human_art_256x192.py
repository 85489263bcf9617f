# Trained on COCO, tested on Human-Art's validation set, ground-truth and detected boxes side by side.
_base_ = ['coco_256x192.py', 'human_art.py']

dataset_type = 'HumanArtDataset'
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='vitpose_mm.MultiDataset',
        datasets=dict(true_boxes=dict(_base_.human_art_val, bbox_file=''), detected_boxes=_base_.human_art_val),
        pipeline=_base_.val_pipeline,
    )
)
test_evaluator = dict(
    _delete_=True,
    type='vitpose_mm.SubsetMetric',
    subsets=dict(true_boxes=_base_.human_art_val_metric, detected_boxes=_base_.human_art_val_metric),
)
