from __future__ import annotations

from edge_nav.sources.opencv import quiet_opencv

# FFmpeg reads its log level once, at the first video that a process opens or writes.
quiet_opencv()
