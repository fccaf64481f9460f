"""Whether a plane close beneath the camera is the floor of someone who sits, or a table, a bed or a shelf.

A floor goes on far ahead, and nothing lies beneath it. A table ends: past its edges the floor shows.
"""

from __future__ import annotations

import numpy as np

from edge_nav.perception.floor.plane_fit import F64, FittedPlane, noise_m, plausible

LOW_M = (0.35, 0.92)
"""Camera heights of who sits in a wheelchair, of a child or a robot, down to what no camera is worn at."""
FAR_M, WIDE_M = 1.8, 0.8
"""How far ahead and across such a floor must be seen, from the nearest of it: no table is so large that only it is
seen."""
BENEATH_M, BENEATH_SHARE = 0.10, 0.01
"""So many points so much beneath it, and it is not the lowest."""
LEAST_SHARE = 0.3
"""Of all points on it: of a floor so near there is much in the picture, of a worktop with a table beyond it less."""


def is_floor(plane: FittedPlane, points: F64) -> bool:
    """Whether a plane so low is the floor; ``points`` [N, 3] are all that were measured."""
    in_place = LOW_M[0] <= plane.height_m <= LOW_M[1] and bool(plausible(plane.normal[None])[0])
    if not in_place or plane.inlier_ratio < LEAST_SHARE:
        return False
    beneath = points @ plane.normal + plane.height_m < -(BENEATH_M + 2 * noise_m(points))
    if beneath.mean() > BENEATH_SHARE:
        return False
    across, _, ahead = np.ptp(np.percentile(plane.inliers, [3, 97], axis=0), axis=0)
    return bool(ahead > FAR_M and across > WIDE_M)
