"""From what connect is given to pairs of lanes: shapes, sparse matrices, delays."""

import numpy as np
import pytest
from scipy import sparse

import neuromass as nm
from neuromass import units
from neuromass.networks import connectivity as wiring
from neuromass.units import Hz, metre, mm, ms, mV, pA, second

S, MS = units.DIMENSIONLESS, units.MS


def pairs(strength, delay=0.0, target=(), source=()):
    return wiring.pairs(strength, delay, target, source, "a->b", "J")


def table(found):
    """Pairs as rows: target, source, strength, delay."""
    columns = found.targets, found.sources, found.values, found.delays
    return [tuple(map(float, row)) for row in zip(*columns, strict=True)]


def test_a_single_value_goes_from_lane_to_lane():
    assert table(pairs(2.0)) == [(0, 0, 2, 0)]
    assert table(pairs(2.0, 1.0, (2,), (2,))) == [(0, 0, 2, 1), (1, 1, 2, 1)]
    assert table(pairs(2.0, 1.0, (2,), ())) == [(0, 0, 2, 1), (1, 0, 2, 1)]
    assert len(table(pairs(2.0, 0.0, (2, 3), (2, 3)))) == 6


def test_a_value_for_each_lane():
    found = pairs(np.array([2.0, 0.0, 3.0]), np.array([1.0, 0.5, 0.0]), (3,), (3,))
    assert table(found) == [(0, 0, 2, 1), (2, 2, 3, 0)]
    assert found.aligned
    grid = np.arange(6.0).reshape(2, 3)
    assert table(pairs(grid, 0.0, (2, 3), ())) == [(i, 0, i, 0) for i in range(1, 6)]
    assert table(pairs(2.0, grid, (2, 3), ()))[5] == (5, 0, 2, 5)


def test_a_matrix_has_targets_first():
    found = pairs(np.array([[1.0, 2.0, 0.0]]), np.array([[0.1, 0.2, 0.3]]), (), (3,))
    assert table(found) == [(0, 0, 1, 0.1), (0, 1, 2, 0.2)]
    assert not found.aligned


def test_a_matrix_between_lanes_of_several_dimensions_counts_them_flat():
    found = pairs(np.ones((2, 4)), 0.5, (2,), (2, 2))
    assert len(table(found)) == 8


def test_sparse_matrices_keep_their_order_and_sum_duplicates():
    given = sparse.coo_matrix(([5.0, 1.0, 2.0, 3.0], ([1, 0, 0, 0], [0, 2, 1, 1])), shape=(2, 3))
    found = pairs(wiring.strengths(given, S, "J"), 0.0, (2,), (3,))
    assert table(found) == [(0, 1, 5, 0), (0, 2, 1, 0), (1, 0, 5, 0)]
    given = sparse.csr_matrix(([1.0, 2.0, 3.0, 5.0], [2, 1, 1, 0], [0, 3, 4]), shape=(2, 3))
    assert table(pairs(wiring.strengths(given, S, "J"), 0.0, (2,), (3,))) == table(found)
    assert given.nnz == 4


@pytest.mark.parametrize("made", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
def test_sparse_matrices_with_a_unit(made):
    A = made(np.array([[0.0, 2.0], [3.0, 0.0]]))
    net = nm.Network({"pop": nm.QIF(shape=2)})
    weight = net.connect("pop", "pop", weight=(16 * ms) * A, delay=(2 * ms) * A).weight
    assert weight.units == ms
    np.testing.assert_array_equal(weight.magnitude.toarray(), 16 * A.toarray())
    delay = net["pop->pop"].delay
    np.testing.assert_array_equal(delay.magnitude.toarray(), 2 * A.toarray())
    net["pop->pop"].weight = (1 * second) * A
    assert net["pop->pop"].weight.units == second
    assert "2 pairs" in repr(net["pop->pop"])
    for each in (net["pop->pop"].weight, net["pop->pop"].delay):
        with pytest.raises(ValueError, match="read-only"):
            each.magnitude.data[:] = 0.0


def test_sparse_strengths_without_a_unit_are_handed_out_read_only():
    net = nm.Network({"pop": nm.QIF(shape=2)})
    strengths = net.connect("pop", "pop", J=sparse.csr_array(np.eye(2))).J
    with pytest.raises(ValueError, match="read-only"):
        strengths.data[:] = 0.0


def test_the_delays_shown_are_those_of_connected_pairs():
    net, back = nm.Network({"pop": nm.QIF(shape=2)}), np.array([[0.0, 9.0], [7.0, 0.0]])
    between, all_of_them = np.array([[0.0, 1.0], [1.0, 0.0]]), np.ones((2, 2))
    for strength, delay, shown in (
        (between, back, "delay 7 .. 9 ms"),
        (all_of_them, sparse.csr_array(back), "delay 0 .. 9 ms"),
        (between, sparse.csr_array([[3.0, 9.0], [9.0, 0.0]]), "delay 9 ms"),
        (np.zeros((2, 2)), back, "delay 0 .. 9 ms"),
    ):
        name = f"pop->pop#{len(net.connections)}"
        made = net.connect("pop", "pop", J=strength, delay=ms * delay, name=name)
        assert repr(made).endswith(f", {shown}>")
        assert shown in net.describe()
    last = net.connect("pop", "pop", J=np.eye(2), delay=back * ms, name="last")
    assert "delay" not in repr(last)


def test_sparse_delays_are_looked_up_pair_by_pair():
    J = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = pairs(J, sparse.csr_matrix([[0.0, 0.5], [0.0, 1.5]]), (2,), (2,))
    assert table(found) == [(0, 0, 1, 0), (0, 1, 2, 0.5), (1, 0, 3, 0), (1, 1, 4, 1.5)]


def test_delays_from_distances_and_a_speed():
    far = np.array([[0.0, 50.0], [20.0, 0.0]])
    for distances, speed, delay in (
        (far * mm, 5 * metre / second, far / 5),
        (0.02 * metre, 10 * mm / ms, 2.0),
        (far * mm, (far + 1) * mm / ms, far / (far + 1)),
        (6 * mm, [1, 2] * mm / ms, [6.0, 3.0]),
    ):
        made = nm.Network({"pop": nm.QIF(shape=2)}).connect(
            "pop", "pop", J=np.ones((2, 2)), distances=distances, speed=speed
        )
        np.testing.assert_allclose(made.delay.m_as(ms), delay)
        np.testing.assert_allclose((made.distances / made.speed).m_as(ms), delay)
    net = nm.Network({"pop": nm.QIF(shape=2)})
    some = mm * sparse.csr_matrix(far)
    made = net.connect("pop", "pop", J=np.ones((2, 2)), distances=some, speed=5 * mm / ms)
    np.testing.assert_allclose(made.delay.magnitude.toarray(), far / 5)


def test_the_speed_of_a_connection_can_be_swept():
    far = np.array([[0.0, 50.0], [20.0, 0.0]])
    net = nm.Network({"pop": nm.QIF(shape=2)})
    made = net.connect(
        "pop", "pop", J=np.ones((2, 2)), distances=far * mm, speed=5 * metre / second
    )
    for speed in (2.0, 10.0):
        made.speed = speed * metre / second
        assert made.speed == speed * metre / second
        np.testing.assert_allclose(made.delay.magnitude, far / speed)
        twin = nm.Network({"pop": nm.QIF(shape=2)})
        twin.connect("pop", "pop", J=np.ones((2, 2)), delay=far / speed * ms)
        for each in (net, twin):
            each.reset()
            nm.run(each, 20 * ms)
        assert net["pop"].raw.r.tobytes() == twin["pop"].raw.r.tobytes()
    made.distances = 2 * far * mm
    np.testing.assert_allclose(made.delay.magnitude, far / 5)
    assert {"distances", "speed"} <= set(dir(made))
    before = net.describe()
    for name, value, message in (
        ("speed", -1 * mm / ms, "pop->pop: speed must be positive, and -1 m/s is not"),
        ("speed", 5.0, "pop->pop: speed needs a speed"),
        ("distances", far * ms, "pop->pop: distances needs a length"),
        ("speed", 1000 * metre / second, "pop->pop: the delay to lane 1 from lane 0 is"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            setattr(made, name, value)
        assert net.describe() == before
    made.delay = 3 * ms
    with pytest.raises(AttributeError, match="no 'speed'"):
        _ = made.speed
    with pytest.raises(AttributeError, match="no 'speed'"):
        made.speed = 1 * mm / ms


def test_a_matrix_of_delays_needs_a_matrix_of_strengths():
    back = np.array([[1.0, 9.0], [9.0, 1.0]])
    message = r"a->b: delay is a matrix .*, for example J \* np\.ones\(\(2, 2\)\)"
    for given in (back, sparse.csr_array(back)):
        for strength in (2.0, np.array([1.0, 2.0])):
            with pytest.raises(ValueError, match=message):
                pairs(strength, given, (2,), (2,))
    net = nm.Network({"pop": nm.QIF(shape=2)})
    with pytest.raises(ValueError, match=r"pop->pop: distances is a matrix .*, for example weight"):
        net.connect("pop", "pop", weight=1 * ms, distances=back * mm, speed=1 * mm / ms)
    made = net.connect("pop", "pop", J=2 * np.ones((2, 2)), delay=back * ms)
    with pytest.raises(ValueError, match="delay is a matrix"):
        made.J = 2.0
    assert made.J.shape == (2, 2)


def test_matrices_of_delays_that_go_with_values_for_each_lane():
    """One for each lane of a grid, and one for each target of a single source."""
    grid = np.arange(12.0).reshape(3, 4)
    assert [row[3] for row in table(pairs(1.0, grid, (3, 4), (3, 4)))] == list(range(12))
    column = np.array([[1.0], [2.0], [3.0]])
    assert [row[3] for row in table(pairs(1.0, column, (3,), ()))] == [1, 2, 3]
    assert [row[3] for row in table(pairs(1.0, sparse.csr_array(column), (3,), (1,)))] == [1, 2, 3]


def test_delays_in_steps():
    steps, parts = wiring.in_steps(
        pairs(1.0, np.array([0.0, 0.1, 0.125, 0.3]), (4,)), 0.05, "", False
    )
    np.testing.assert_array_equal(steps, [0, 2, 2, 6])
    np.testing.assert_allclose(parts, [0, 0, 0.5, 0], atol=1e-12)
    steps, parts = wiring.in_steps(pairs(1.0, 0.02), 0.05, "", True)
    assert (steps[0], parts[0]) == (1, 0.0)


def test_strengths_and_delays_of_a_connection_are_validated_properties():
    net = nm.Network({"exc": nm.QIF(shape=2), "inh": nm.QIF()})
    made = net.connect(
        "exc", "inh", J=[[1.0, 2.0]], delay=1 * ms, synapse=nm.synapses.Alpha(2 * ms)
    )
    assert (made.source, made.target, made.variable, made.input) == ("exc", "inh", "r", "I_ext")
    assert made.name in net
    assert net["exc->inh"].J.tolist() == [[1.0, 2.0]]
    with pytest.raises(ValueError, match="cannot be assigned"):
        made.J.magnitude[0] = 3.0
    made.J = [[3.0, 4.0]]
    made.delay = 2000 * ms / 1000
    made.tau = 0.004 * second
    assert made.J.magnitude[0, 1] == 4.0
    assert (made.delay, made.tau) == (2 * ms, 4 * ms)
    assert repr(made) == (
        "<exc->inh: exc.r -> inh.I_ext, J = 1 x 2 matrix, 3 .. 4, delay 2 ms, Alpha(tau=4 ms)>"
    )
    for name, value, kind in (
        ("J", 2.0, ValueError), ("J", [[1.0, np.nan]], ValueError), ("J", 1 * mV, TypeError),
        ("delay", -1 * ms, ValueError), ("delay", 0.01 * ms, ValueError), ("delay", 3.0, TypeError),
        ("tau", 0 * ms, ValueError), ("tau", [1, 2] * ms, ValueError),
        ("weight", 1.0, AttributeError),
        ("s", 1 * mV, TypeError), ("source", "inh", AttributeError),
    ):  # fmt: skip
        before = net.describe()
        with pytest.raises(kind):
            setattr(made, name, value)
        assert net.describe() == before
    made.s = [5, 6] * Hz
    assert made.s.magnitude.tolist() == [5.0, 6.0]
    for name in ("source", "target", "variable", "input", "synapse", "name"):
        with pytest.raises(
            AttributeError, match=f"{name} of .* exc->inh cannot be changed; make an"
        ):
            setattr(made, name, getattr(made, name))
    with pytest.raises(AttributeError, match="no 'dely'; did you mean delay"):
        made.dely = 1 * ms
    assert {"J", "delay", "tau", "s"} <= set(dir(made))


def test_several_connections_of_the_same_pair_have_names_of_their_own():
    net = nm.Network({"exc": nm.QIF(), "inh": nm.QIF()})
    net.connect("exc", "inh", J=1.0)
    with pytest.raises(ValueError, match=r"connected already, by 'exc->inh'.*name='second'"):
        net.connect("exc", "inh", J=1.0, delay=1 * ms)
    assert net.connect("exc", "inh", J=2.0, name="slow").name == "slow"
    assert net["slow"].J == 2.0
    with pytest.raises(ValueError, match="has a 'slow' already"):
        net.connect("exc", "inh", J=2.0, name="slow")
    for name in ("", "a b", "a.b", "inh", 3):
        with pytest.raises(ValueError, match=r"name is text|already"):
            net.connect("exc", "inh", J=2.0, name=name)
    assert list(net.connections) == ["exc->inh", "slow"]


def test_a_weight_has_the_unit_between_the_variables():
    dt = 0.05 * ms
    izh, jr = nm.IzhikevichMeanField(dt=dt), nm.JansenRit(dt=dt)
    net = nm.Network({"pop": nm.QIF(), "izh": izh, "eeg": jr})
    for source, target, weight, variable in (
        ("pop", "izh", 2 * pA / Hz, None),
        ("izh", "pop", 0.5 / mV, "v"),
        ("eeg", "eeg", 3 * Hz / mV, None),
        ("pop", "eeg", 4.0, None),
    ):
        made = net.connect(source, target, weight=weight, variable=variable)
        assert made.weight == weight
        assert str(weight.units if hasattr(weight, "units") else "") in str(made.weight.units)
    assert "weight = 0.5 1/mV" in net.describe()


def test_a_weight_is_shown_in_the_unit_in_which_it_was_given():
    net = nm.Network({"pop": nm.QIF()})
    made = net.connect("pop", "pop", weight=16 * ms)
    assert (made.weight.units, made.weight.magnitude) == (ms, 16.0)
    made.weight = 0.02 * second
    assert (made.weight.units, made.weight.magnitude) == (second, 0.02)
    assert "weight = 0.02 s" in repr(made)
