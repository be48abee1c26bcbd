"""The three demonstrations, with the numbers the project promises."""

from __future__ import annotations

import numpy as np

import deconvs as dc

ONES = np.ones((1, 1, 3, 3), dtype=np.int64)
COUNTING = np.arange(1, 10).reshape(1, 1, 3, 3)
SMALL = np.array([[[1, 2], [3, 4]]])
UNIT = dc.ConvTranspose((3, 3))
STRIDED = dc.ConvTranspose((3, 3), stride=2)

UNIT_OUTPUT = [[1, 4, 7, 6], [7, 23, 33, 24], [19, 53, 63, 42], [21, 52, 59, 36]]
STRIDED_OUTPUT = [
    [1, 2, 5, 4, 6],
    [4, 5, 14, 10, 12],
    [10, 14, 36, 24, 30],
    [12, 15, 34, 20, 24],
    [21, 24, 55, 32, 36],
]


def test_convolving_ones_and_transposing_back() -> None:
    small = dc.conv(np.ones((1, 4, 4), dtype=np.int64), ONES)
    assert small[0].tolist() == [[9, 9], [9, 9]]
    back = dc.conv_transpose(small, ONES)[0].tolist()
    assert back == [[9, 18, 18, 9], [18, 36, 36, 18], [18, 36, 36, 18], [9, 18, 18, 9]]


def test_c_is_4_by_16_and_its_rows_are_the_shifted_kernel() -> None:
    C = dc.matrix(dc.Conv((3, 3)), (4, 4), COUNTING).toarray()
    assert C.tolist() == [
        [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0],
        [0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0],
        [0, 0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9],
    ]
    assert np.array_equal(dc.matrix(UNIT, (2, 2), COUNTING).toarray(), C.T)
    assert (C.T @ SMALL.ravel()).reshape(4, 4).tolist() == UNIT_OUTPUT


def test_unit_stride_with_a_kernel_that_shows_the_flip() -> None:
    assert dc.conv_transpose(SMALL, COUNTING)[0].tolist() == UNIT_OUTPUT


def test_the_padded_6x6_input_gives_the_same() -> None:
    padded = np.pad(SMALL[0], 2)
    assert padded.shape == (6, 6)
    assert dc.conv(padded[None], COUNTING[..., ::-1, ::-1])[0].tolist() == UNIT_OUTPUT
    # Without the flip it is another image: all-ones kernels would not have shown it.
    assert dc.conv(padded[None], COUNTING)[0].tolist() != UNIT_OUTPUT


def test_the_zero_inserted_7x7_input_gives_the_5x5_of_stride_2() -> None:
    assert dc.conv_transpose(SMALL, COUNTING, stride=2)[0].tolist() == STRIDED_OUTPUT
    stretched = np.zeros((7, 7), dtype=np.int64)
    stretched[2:5:2, 2:5:2] = SMALL[0]
    assert dc.conv(stretched[None], COUNTING[..., ::-1, ::-1])[0].tolist() == STRIDED_OUTPUT


def test_the_direct_view_has_exactly_these_sizes() -> None:
    assert UNIT.plan("direct").at((2, 2)).shapes[0] == (1, 1, 6, 6)
    assert STRIDED.plan("direct").at((2, 2)).shapes == ((1, 1, 3, 3), (1, 1, 7, 7), (1, 1, 5, 5), (1, 1, 5, 5))


def test_every_view_gives_these_numbers() -> None:
    for geometry, expected in ((UNIT, UNIT_OUTPUT), (STRIDED, STRIDED_OUTPUT)):
        for view in dc.VIEWS:
            assert geometry.plan(view).run(SMALL, COUNTING)[0].tolist() == expected, view
        assert geometry.prepare(COUNTING)(SMALL)[0].tolist() == expected
