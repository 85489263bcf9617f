# A very small student of the finetuned ViT-S on some hundred COCO images and LSPET.
_base_ = ['vitpose_mini_classic_coco-lspet-256x192.py', '../_base_/schedules/token_tuning.py']

model = dict(
    _delete_=True,
    type='vitpose_mm.KnowledgeTokenDistiller',
    student=_base_.model,
    teacher='vitpose_mm::finetuning/vitpose_small-dino_classic_coco-lspet-256x192.py',
)
