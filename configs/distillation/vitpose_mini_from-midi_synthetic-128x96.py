# The mini model taught by the midi one on rendered people: knowledge token and output distillation.
_base_ = ['../quickstart/vitpose_mini_classic_synthetic-128x96.py', '../_base_/schedules/token_tuning.py']

model = dict(
    _delete_=True,
    type='vitpose_mm.KnowledgeTokenDistiller',
    student=_base_.model,
    teacher='vitpose_mm::distillation/vitpose_midi_classic_synthetic-128x96.py',
)
