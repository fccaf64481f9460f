"""OpenGL as MuJoCo draws with it: started, and let go of."""

from __future__ import annotations

import os
import sys
from typing import Any

from edge_nav.errors import UsageError


class NoOpenGL(UsageError):
    """OpenGL does not start: nothing at all can be drawn."""


def load_mujoco() -> Any:
    """The module. Raises UsageError, with the remedy, where it is not here or does not start."""
    if sys.platform == "linux":
        os.environ.setdefault("MUJOCO_GL", "egl")  # needs no screen
    try:
        import mujoco
    except ImportError as e:
        raise UsageError(f"MuJoCo is not here ({e}): install it with `pip install edge-nav[sim]`.") from e
    except RuntimeError as e:
        raise UsageError(f"MuJoCo does not start ({e}): unset MUJOCO_GL, or set it to egl.") from e
    except (AttributeError, OSError) as e:  # PyOpenGL looks up functions of a library that it has not found
        raise no_opengl(e) from e
    return mujoco


def gl_context(mujoco: Any) -> Any:
    """A context to draw in, without a screen. Raises NoOpenGL."""
    try:
        if sys.platform == "linux" and os.environ.get("MUJOCO_GL", "egl").lower() == "egl":
            # Whoever imported mujoco first may not have chosen, and then it took the one that needs a screen.
            from mujoco.egl import GLContext

            return GLContext(64, 64)
        return mujoco.GLContext(64, 64)
    except Exception as e:  # each backend has its own errors for a library or driver that is missing
        raise no_opengl(e) from e


def no_opengl(e: Exception) -> NoOpenGL:
    """What is told of a library or driver that is missing."""
    return NoOpenGL(
        f"OpenGL does not start through MUJOCO_GL={os.environ.get('MUJOCO_GL', '')} ({type(e).__name__}: {e}): install "
        "its libraries (Debian, Ubuntu: `apt install libegl1 libgl1 libgl1-mesa-dri`), or unset MUJOCO_GL."
    )


def release() -> None:
    """Let another thread use the context next: a source is opened on one and read on another."""
    egl = sys.modules.get("mujoco.egl")
    if egl is not None:
        egl.EGL.eglReleaseThread()
