# The six sets of ViTPose++, people and animals; heads and experts are named in models/six_datasets.py.
_base_ = ['multi_coco_aic_mpii_256x192.py', 'ap10k.py', 'apt36k.py', 'wholebody.py']

animals_and_hands = dict(ap10k=_base_.ap10k_train, apt36k=_base_.apt36k_train, coco_wholebody=_base_.wholebody_train)
train_dataloader = dict(dataset=dict(datasets=animals_and_hands))
scored = dict(ap10k=_base_.ap10k_val, apt36k=_base_.apt36k_val, coco_wholebody=_base_.wholebody_val)
val_dataloader = dict(dataset=dict(datasets=scored))
test_dataloader = dict(dataset=dict(datasets=dict(scored, ap10k=_base_.ap10k_test)))
metrics = dict(
    ap10k=_base_.ap10k_val_metric,
    apt36k=_base_.apt36k_val_metric,
    coco_wholebody=_base_.wholebody_val_metric,
)
val_evaluator = dict(subsets=metrics)
test_evaluator = dict(subsets=dict(metrics, ap10k=_base_.ap10k_test_metric))
