# The six datasets of ViTPose++, in the order of its released weights: keypoints of each, and each one's expert.
heads = dict(
    coco=dict(out_channels=17),
    aic=dict(out_channels=14),
    mpii=dict(out_channels=16),
    ap10k=dict(out_channels=17),
    apt36k=dict(out_channels=17),
    coco_wholebody=dict(out_channels=133),
)
expert_ids = dict(coco=0, aic=1, mpii=2, ap10k=3, apt36k=4, coco_wholebody=5)
experts = dict(backbone=dict(num_experts=len(heads)), head=dict(heads=heads), expert_ids=expert_ids)
