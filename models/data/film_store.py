"""From drawn frames to a film: the sensor's pictures as a video, the scene's file, and the truth of each frame."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import cv2

from edge_nav.errors import UsageError
from edge_nav.lab.sim.cycles_renderer import load_bpy, quiet
from edge_nav.lab.sim.ground_truth import truth_at
from edge_nav.lab.sim.scene import SimulatedScene
from edge_nav.lab.sim.sensor import Sensor, smear
from edge_nav.sources.filmed_walk import SCENE, TRUTH, VIDEO, write_truth
from models.data.film import Film, frame_count, read_frame
from models.data.layout import PART

KEY_FRAMES = 50


def need_encoder() -> None:
    """UsageError without Blender: it brings the encoder, whichever renderer draws. OpenCV's packages have none whose
    quality can be set.
    """
    try:
        load_bpy()
    except UsageError as e:
        raise UsageError(
            "every film is stored by Blender's module bpy 4.5, which exists for Python 3.11 alone, and is not here: "
            "there run `pip install 'edge-nav[render]'`."
        ) from e


def store(film: Film, scene: SimulatedScene, work: Path, out: Path) -> str:
    """Write the three files; a sentence on them. UsageError where a frame cannot be read or a file not be written."""
    count = frame_count(scene, film.fps)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not (out / SCENE).exists() or not (out / SCENE).samefile(film.scene):
            shutil.copyfile(film.scene, out / SCENE)
        write_truth(out / TRUTH, scene.camera, film.fps, (truth_at(scene, n / film.fps) for n in range(count)))
        with tempfile.TemporaryDirectory(prefix="edge-nav-film-") as folder:
            _expose(scene, work, count, film.fps, Path(folder))
            encode_video(Path(folder), count, (scene.camera.width, scene.camera.height), film.fps, out / VIDEO)
    except OSError as e:
        raise UsageError(f"the film cannot be written to {out} ({e.strerror}): give a folder that can.") from e
    size = sum((out / name).stat().st_size for name in (VIDEO, SCENE, TRUTH))
    return f"{out}: {count} frames, {count / film.fps:.1f} s, {size / 1e6:.1f} MB with the truth."


def _expose(scene: SimulatedScene, work: Path, count: int, fps: float, folder: Path) -> None:
    """Every frame as lens and sensor give it."""
    sensor, half = Sensor(scene.sensor, scene.camera), max(scene.sensor.shutter_s, 1e-3) / 2
    for number in range(count):
        t = number / fps
        before = max(t - half, 0.0)
        turn = smear(scene.pose(before), scene.pose(t + half), t + half - before, scene.camera, scene.sensor)
        picture = sensor.picture(read_frame(work, number), number, turn)
        cv2.imwrite(str(folder / f"{number:05d}.png"), picture[:, :, ::-1])


def encode_video(folder: Path, count: int, size: tuple[int, int], fps: float, path: Path) -> None:
    """PNG files 00000.png and on, of a width and height, as H.264, which OpenCV decodes wherever it has FFmpeg."""
    bpy = load_bpy()
    with quiet():
        bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = *size, 100
    render.fps, render.fps_base = round(fps * 1000), 1000.0
    scene.frame_start, scene.frame_end = 1, count
    # The pictures are finished: their colours are to stay as they are.
    scene.view_settings.view_transform = "Standard"
    scene.sequencer_colorspace_settings.name = "sRGB"
    strip = scene.sequence_editor_create().strips.new_image(
        name="frames", filepath=str(folder / "00000.png"), channel=1, frame_start=1
    )
    for number in range(1, count):
        strip.elements.append(f"{number:05d}.png")
    render.use_sequencer = True
    render.image_settings.file_format, render.image_settings.color_mode = "FFMPEG", "RGB"
    coder = render.ffmpeg
    coder.format, coder.codec, coder.audio_codec = "MPEG4", "H264", "NONE"
    coder.constant_rate_factor, coder.ffmpeg_preset, coder.gopsize = "HIGH", "BEST", KEY_FRAMES
    part = path.with_name(f"{path.stem}{PART}{path.suffix}")
    render.filepath, render.use_file_extension = str(part), False
    with quiet():
        bpy.ops.render.render(animation=True)
    part.replace(path)
