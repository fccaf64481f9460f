from __future__ import annotations

import pytest

from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.guidance.settings import GuidanceSettings


@pytest.fixture
def policy() -> GuidancePolicy:
    return GuidancePolicy(GuidanceSettings())
