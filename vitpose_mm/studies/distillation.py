"""What does a knowledge token bring, alone and with output distillation, and is it its content that does?"""

from __future__ import annotations

from .multi_dataset import WEIGHTS
from .study import Preparation, Run, Study

DATA = 'data/synthetic_distillation'
READS = (
    *(f'{part}.data_root={DATA}/' for part in ('val_dataloader.dataset', 'test_dataloader.dataset')),
    *(f'{kind}_evaluator.ann_file={DATA}/annotations/person_keypoints_val.json' for kind in ('val', 'test')),
)
TRAINS = (f'train_dataloader.dataset.datasets.0.data_root={DATA}/', *READS)
PEOPLE = Preparation(DATA, ('make_synthetic.py', DATA, '--images', '3700', '--val', '250', '--size', '256', '192'))
MINI = 'quickstart/vitpose_mini_classic_synthetic-128x96.py'


def epochs(number: int) -> tuple[str, ...]:
    """-> options of a training of that length."""
    return (f'train_cfg.max_epochs={number}', f'train_cfg.val_interval={number}', f'param_scheduler.1.T_max={number}')


def setting(name: str, *options: str, config: str = 'mini_from-midi', token: bool = True) -> Run:
    """A student's run: 6,000 samples, the same teacher, and of a seed the same first weights and tuned token."""
    own = () if name == 'both' or not token else ('token_tuning.file={folder:both}/tuned_token.pth',)
    return Run(
        name,
        f'distillation/vitpose_{config}_synthetic-128x96.py',
        (*TRAINS, *epochs(1), 'model.teacher_checkpoint={checkpoint:teacher}', *own, *options),
        MINI,
        (*READS, *(('model.backbone.num_tokens=1',) if token else ())),
        tool='distill.py',
    )


TOKEN_ONLY = 'model.output_weight=0.0'
NO_TOKEN = 'model.token=none'


TEACHER = Run(
    'teacher',
    'distillation/vitpose_midi_classic_synthetic-128x96.py',
    (*TRAINS, *epochs(9)),
    test_options=READS,
    once=True,
)
TUNING = tuple(
    f'token_tuning.{key}=1' for key in ('train_cfg.max_epochs', 'train_cfg.val_interval', 'param_scheduler.0.T_max')
)
DISTILLATION = Study(
    name='distillation_synthetic',
    about='no distillation, knowledge token, output distillation, both, and two controls, on 6,000 synthetic people',
    prepare=(PEOPLE,),
    seeds=(0, 1, 2),
    runs=(
        TEACHER,
        setting('both', *TUNING),  # tunes the token of its seed for all others
        setting('none', NO_TOKEN, TOKEN_ONLY, token=False),
        setting('token', TOKEN_ONLY),
        setting('output', NO_TOKEN, token=False),
        setting('random', TOKEN_ONLY, config='mini_random-token'),
        setting('trainable', TOKEN_ONLY, config='mini_trainable-token'),
    ),
)

# The same of real people. 96 iterations an epoch; the teacher's pre-trained weights as in the study of many datasets.
REAL_STUDENT = 'distillation/vitpose_mini_classic_coco-lspet-256x192.py'
TWENTY_EPOCHS = (
    'train_cfg.max_epochs=20', 'train_cfg.val_interval=20', 'param_scheduler.1.end=20',
    'param_scheduler.1.milestones=[16,19]', 'train_dataloader.batch_size=32', 'train_dataloader.num_workers=2',
)  # fmt: skip
TWO_EPOCHS = tuple(
    f'token_tuning.{key}=2' for key in ('train_cfg.max_epochs', 'train_cfg.val_interval', 'param_scheduler.0.T_max')
)


def real_setting(name: str, *options: str, token: bool = True) -> Run:
    """A student's run on real people; the token of its seed is tuned by the first."""
    own = () if name == 'both' or not token else ('token_tuning.file={folder:both}/tuned_token.pth',)
    return Run(
        name,
        'distillation/vitpose_mini_from-small-dino_coco-lspet-256x192.py',
        (*TWENTY_EPOCHS, 'model.teacher_checkpoint={checkpoint:teacher}', *own, *options),
        REAL_STUDENT,
        ('model.backbone.num_tokens=1',) if token else (),
        tool='distill.py',
    )


REAL = Study(
    name='distillation_real',
    about='a pre-trained ViT-S finetuned on COCO and LSPET at 256x192 for 100 epochs, and small students of it',
    prepare=(Preparation(WEIGHTS[1], ('convert_checkpoint.py', *WEIGHTS, '--from', 'timm')),),
    seeds=(0, 1, 2),
    runs=(
        Run(
            'teacher',
            'finetuning/vitpose_small-dino_classic_coco-lspet-256x192.py',
            ('train_dataloader.num_workers=8',),
            once=True,
        ),
        real_setting('both', *TWO_EPOCHS),
        real_setting('none', NO_TOKEN, TOKEN_ONLY, token=False),
        real_setting('token', TOKEN_ONLY),
        real_setting('output', NO_TOKEN, token=False),
        real_setting('random', TOKEN_ONLY, 'model.token=random'),
        real_setting('trainable', TOKEN_ONLY, 'model.token=trainable'),
    ),
)
STUDIES = (DISTILLATION, REAL)
