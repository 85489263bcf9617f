# ViTPose-B on COCO test-dev: writes the result file for the evaluation server instead of scoring.
_base_ = 'vitpose_base_classic_coco-256x192.py'

test_dataloader = dict(dataset=_base_.coco_test_dev)
test_evaluator = _base_.coco_test_dev_metric
