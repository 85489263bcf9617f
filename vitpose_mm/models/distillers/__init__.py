"""Models that train another one; none of them is needed to use what it trained."""

from .knowledge_token import KnowledgeTokenDistiller
from .token_tuner import KnowledgeTokenTuner

__all__ = ['KnowledgeTokenDistiller', 'KnowledgeTokenTuner']
