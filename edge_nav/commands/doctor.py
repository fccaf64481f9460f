"""`doctor`: what is here, what is missing, and the one command that mends it."""

from __future__ import annotations

import contextlib
import ctypes.util
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge_nav import __version__
from edge_nav.errors import SpeechFault


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; ``mend`` is empty where nothing needs mending."""

    what: str
    good: bool
    state: str
    mend: str = ""


def diagnose() -> int:
    """Print the report. Exit code 0 in any case: what is missing may not be needed."""
    table = Table(title=f"Edge Nav {__version__}, Python {platform.python_version()}, {platform.machine()}")
    for column in ("what", "", "state", "to mend it"):
        table.add_column(column, overflow="fold")
    for f in findings():
        table.add_row(f.what, "[green]ok[/]" if f.good else "[yellow]--[/]", escape(f.state), escape(f.mend))
    Console().print(table)
    return 0


def findings() -> list[Finding]:
    """Everything looked at, in the order of a walk: camera, depth, sound."""
    return [
        *_libraries(),
        *_cameras(),
        *_providers(),
        *_openvino(),
        *_bundles(),
        _language_models(),
        *_sound(),
        _text_to_speech(),
        *_packages(),
    ]


LIBRARIES = (
    ("libGL", "GL", "libgl1", "pictures (opencv-python)"),
    ("libEGL", "EGL", "libegl1", "simulated scenes"),
    ("glib", "glib-2.0", "libglib2.0-0", "pictures (opencv-python)"),
    ("PortAudio", "portaudio", "libportaudio2", "sound"),
    ("eSpeak NG", "espeak-ng", "libespeak-ng1", "speech"),
)


def _libraries() -> Iterator[Finding]:
    for name, library, package, use in LIBRARIES:
        here = ctypes.util.find_library(library) is not None
        yield Finding(
            name, here, f"{use}: {'found' if here else 'not found'}", "" if here else f"sudo apt install {package}"
        )


def _cameras() -> Iterator[Finding]:
    devices = sorted(Path("/dev").glob("video*"))
    if not devices:
        yield Finding("cameras", False, "none", "plug one in, then: ls /dev/video*")
    for device in devices:
        usable = os.access(device, os.R_OK | os.W_OK)
        yield Finding(
            f"camera {device.name}",
            usable,
            "can be opened" if usable else "no permission",
            "" if usable else "sudo usermod -aG video $USER",
        )


def _providers() -> Iterator[Finding]:
    from edge_nav.perception.depth.providers import choose

    choice = choose("auto")
    yield Finding("ONNX Runtime", choice.mend == "", f"{choice.running}; {choice.not_better}".rstrip("; "), choice.mend)


def _openvino() -> Iterator[Finding]:
    here = importlib.util.find_spec("openvino") is not None
    yield Finding(
        "OpenVINO",
        here,
        "installed" if here else "not installed; only worth it on Intel processors, or CPUs with bf16",
        "" if here else "pip install 'edge-nav[openvino]'",
    )


def _bundles() -> Iterator[Finding]:
    from edge_nav.bundle import list_bundles

    found = list_bundles()
    if not found:
        yield Finding(
            "bundles",
            False,
            "none under models/bundles: only sources that measure depth themselves can be walked",
            "python main.py run --bundle DIR",
        )
    for b in found:
        good = b.state == "ok"
        yield Finding(
            f"bundle {b.name}",
            good,
            f"{b.state}; intended use: {b.intended_use}",
            "" if good else f"python main.py models verify {b.name}",
        )


LLAMA = """
import llama_cpp
print(llama_cpp.__version__)
print(llama_cpp.llama_print_system_info().decode())
"""
BUILD = 'CMAKE_ARGS="$(.ci/llama-flags)" pip install --force-reinstall --no-cache-dir llama-cpp-python'


def _language_models() -> Finding:
    """llama.cpp, asked in a process of its own: one that was built for another processor dies of its first sum."""
    if importlib.util.find_spec("llama_cpp") is None:
        return Finding("llama.cpp", False, "not installed: no model looks at pictures", "pip install 'edge-nav[vlm]'")
    done = subprocess.run([sys.executable, "-c", LLAMA], capture_output=True, text=True, check=False)
    if done.returncode:
        return Finding("llama.cpp", False, f"does not load (exit code {done.returncode})", BUILD)
    version, _, info = done.stdout.strip().partition("\n")
    switches = (part.partition("=") for part in info.split("|"))
    built = {name.strip() for name, _, value in switches if value.strip() == "1"}
    if "AMX_INT8" in built:
        return Finding("llama.cpp", True, f"{version}, with AMX, which stays unused: it dies on some machines")
    missing = [name for flag, name in SWITCHES if flag in _processor() and name not in built]
    if missing:
        return Finding("llama.cpp", False, f"{version}, built without {', '.join(missing)}: prompts are slow", BUILD)
    return Finding("llama.cpp", True, version)


SWITCHES = (("avx2", "AVX2"), ("avx512f", "AVX512"), ("avx512_vnni", "AVX512_VNNI"), ("avx512_bf16", "AVX512_BF16"))
"""What the processor calls an ability, and what llama.cpp calls the switch for it."""


def _processor() -> frozenset[str]:
    """The processor's abilities, none where the system does not list them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return next((frozenset(line.split()) for line in lines if line.startswith("flags")), frozenset())


def _sound() -> Iterator[Finding]:
    try:
        import sounddevice
    except OSError:
        yield Finding("audio", False, "PortAudio is missing", "sudo apt install libportaudio2")
        return
    with _silenced():
        devices = sounddevice.query_devices()
    for name, key, mend in (
        ("audio out", "max_output_channels", "plug in headphones, then: aplay -l"),
        ("audio in", "max_input_channels", "plug in a microphone, then: arecord -l"),
    ):
        names = [str(d["name"]) for d in devices if d[key] > 0]
        yield Finding(name, bool(names), ", ".join(names) or "no device", "" if names else mend)


def _text_to_speech() -> Finding:
    from edge_nav.speech.tts_pyttsx3 import voice_ids

    try:
        with _silenced():
            voices = len(voice_ids())
    except SpeechFault as e:
        what, _, mend = str(e).rpartition(": ")
        return Finding("text to speech", False, what, mend)
    return Finding(
        "text to speech", voices > 0, f"pyttsx3, {voices} voices", "" if voices else "sudo apt install espeak-ng-data"
    )


def _packages() -> Iterator[Finding]:
    for name, package, use, remedy in (
        ("pocketsphinx", "pocketsphinx", "questions in English, offline", "pip install pocketsphinx"),
        ("Whisper", "whisper", "questions in free words and other languages", "pip install 'edge-nav[whisper]'"),
        ("text reader", "pytesseract", "reads signs aloud", "pip install 'edge-nav[ocr]'"),
        ("MuJoCo", "mujoco", "simulated scenes, in real time", "pip install 'edge-nav[sim]'"),
        ("Blender", "bpy", "simulated scenes, realistic; films; Python 3.11 alone", "pip install 'edge-nav[render]'"),
    ):
        here = importlib.util.find_spec(package) is not None
        yield Finding(name, here, f"{use}: {'installed' if here else 'not installed'}", "" if here else remedy)
    tesseract = shutil.which("tesseract") is not None
    state = "reads signs aloud: " + ("found" if tesseract else "not found")
    yield Finding("Tesseract", tesseract, state, "" if tesseract else "sudo apt install tesseract-ocr")


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Audio libraries write to the terminal from C: keep the report readable."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a descriptor is wanted, not a path
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
