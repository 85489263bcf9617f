# ViTPose-L taught by ViTPose-H on COCO at 256x192: knowledge token and output distillation.
_base_ = ['../coco/vitpose_large_classic_coco-256x192.py', '../_base_/schedules/token_tuning.py']

model = dict(
    _delete_=True,
    type='vitpose_mm.KnowledgeTokenDistiller',
    student=_base_.model,
    teacher='vitpose_mm::coco/vitpose_huge_classic_coco-256x192.py',
)
