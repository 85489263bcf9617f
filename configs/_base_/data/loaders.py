# How samples are drawn; what they are is bound in `<dataset>_<size>.py`.
train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='vitpose_mm.SeededSampler'),
    dataset=dict(type='vitpose_mm.MultiDataset'),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
)
test_dataloader = val_dataloader
