"""Diagrams of papers, drawn anew: their numbers are those that were published or are known."""

import numpy as np
import pytest

plt = pytest.importorskip("matplotlib.pyplot")
pytest.importorskip("scipy")
from gallery import GALLERY  # noqa: E402


@pytest.mark.slow
@pytest.mark.parametrize("name", GALLERY)
def test_a_diagram_of_a_paper(name, tmp_path):
    figure, numbers = GALLERY[name]()
    figure.savefig(tmp_path / "figure.png")
    plt.close(figure)
    for what, found, expected, part in numbers:
        np.testing.assert_allclose(found, expected, rtol=part, atol=0.0, err_msg=what)
