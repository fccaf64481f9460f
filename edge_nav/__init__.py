"""Edge Nav: on-device assistive navigation for blind and low-vision people."""

__version__ = "0.1.0"
