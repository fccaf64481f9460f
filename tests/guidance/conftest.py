from __future__ import annotations

import pytest

from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.policy import GuidancePolicy


@pytest.fixture
def policy() -> GuidancePolicy:
    return GuidancePolicy(GuidanceSettings())
