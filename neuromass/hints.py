"""What to write instead of names that other packages have, and which names Tab shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final


def _by_name(sentences: Mapping[str, str]) -> dict[str, str]:
    """Name -> sentence, from sentence -> names."""
    return {name: sentence for sentence, names in sentences.items() for name in names.split()}


_STATE: Final = "write .state for a mapping of all states, or the name of one"
_PARAMETERS: Final = "write .parameters for a mapping of all parameters, or the name of one"


def _of_system(name: str, *further: str) -> dict[str, str]:
    """What people look for in whatever can be run, by sentence; some in one kind alone."""
    return {
        f"write nm.run({name}, 100 * ms), which returns a recording": (
            "run simulate integrate solve_ivp run_sim"
        ),
        f"write update(3.0) for one step, nm.run({name}, 100 * ms) for many": "step forward next",
        f"plot a recording: rec = nm.run({name}, 100 * ms), then rec.plot()": (
            " ".join(["plot_traces plot_trace plot_results show", *further])
        ),
        f"write nm.run({name}, 100 * ms, record=...), or: with nm.record({name}) as rec": (
            "record monitor monitors recording results"
        ),
        "take snapshot() and restore(), or pickle it; rec.save(path) keeps a recording": (
            "save load store checkpoint state_dict load_state_dict"
        ),
        "write equilibria()": "fixed_points fixed_point steady_state steady_states",
        "write reset()": "init initialize reinit reset_state reset_states",
        "write .t": "time current_time",
        "write copy()": "clone",
    }


POPULATION: Final = _by_name(
    {
        **_of_system("pop", "plot"),
        _STATE: "states variables state_variables get_state get_states",
        _PARAMETERS: "params get_params get_parameters",
        "write set(...)": "set_state set_states set_params set_parameters",
        "write .r for the firing rate": "firing_rate rate rates",
        "write .v for the mean potential": "V voltage",
        "write .shape for the shape of the lanes": "N size",
        "write net = nm.Network({'exc': pop}), then net.connect('exc', 'exc', J=1.0)": "connect",
        "write nm.phase_plane(pop)": "phase_plane plot_phase_plane",
    }
)
"""Name -> what to write, for what people look for in a population."""

NETWORK: Final = _by_name(
    {
        **_of_system("net"),
        "give all members at once, nm.Network({'exc': exc, 'inh': inh})": (
            "add add_node add_nodes add_population"
        ),
        "write connect('exc', 'inh', J=10.0)": "add_edge add_edges add_connection",
        "write .members": "nodes populations",
        "write .connections": "edges synapses projections",
        "each member has its own, net['exc'].state and net['exc'].parameters": (
            "state states parameters params"
        ),
        "each connection has its own, net['exc->inh'].J and .delay": "weights delays W",
    }
)
"""Name -> what to write, for what people look for in a network."""

RECORDING: Final = _by_name(
    {
        "write rec.array('r', Hz) for a trace as a plain array": (
            "values to_numpy numpy data magnitude m y result"
        ),
        "write .t": "time times ts T",
        "write to_dataframe()": "to_pandas dataframe df",
        "write to_dataframe().to_csv(path)": "to_csv",
        "write to_xarray()": "xarray to_dataset dataset to_dataarray",
        "write to_xarray().to_netcdf(path)": "to_netcdf to_hdf",
        "write save(path)": "dump savez",
        "write .names": "keys variables columns",
        "write a slice of times, rec[100 * ms:200 * ms]": "sel isel loc iloc",
        "write .parameters, .dt, .method, .seed": "params attrs metadata",
        "write ==": "equals identical",
        "write .fs": "sfreq sampling_rate sample_rate",
        "write plot()": "plot_traces show",
        "write spectrum('r')": "psd power_spectrum welch",
        "write nm.concatenate(first, second)": "append concat concatenate",
    }
)
"""Name -> what to write, for what people look for in recordings."""

PACKAGE: Final = _by_name(
    {
        "write nm.run(pop, 100 * ms), which returns a recording": (
            "simulate integrate odeint solve_ivp Simulator"
        ),
        "plot a recording: rec = nm.run(pop, 100 * ms), then rec.plot()": "plot plot_traces",
        "write nm.run(pop, 100 * ms, record=...), or: with nm.record(pop) as rec": (
            "Monitor StateMonitor monitor"
        ),
        "derive a class from nm.Population": "Model NeuralMass NodeTemplate OperatorTemplate",
        "write nm.Network({'exc': exc, 'inh': inh})": "Circuit CircuitTemplate Connectivity",
        "write net.connect('exc', 'inh', J=10.0)": "connect",
        "write pop.equilibria()": "equilibria fixed_points",
        "write nm.list_models()": "models",
        "write nm.load(path)": "read open",
        "write nm.sweep(pop, {'eta': [-6.0, -5.0]}, 1 * second, measure=...)": (
            "grid_search scan parameter_sweep explore BoxSearch"
        ),
        "write nm.analysis.continuation(pop, 'eta', (-10, 5))": "continuation bifurcation",
        "write rec.save(path) for a recording": "save",
        "write nm.concatenate(first, second)": "concat",
        "write nm.QIF": "MPR MontbrioPazoRoxin",
        "write nm.StuartLandau": "Hopf SupHopf HopfModel HopfStep StuartLandauStep",
        "write nm.FitzHughNagumo": "FHN FHNModel FitzHughNagumoStep",
        "write nm.KuramotoOscillator; nm.kuramoto is the order parameter of QIF neurons": (
            "Kuramoto KuramotoModel KuramotoNetwork"
        ),
        "write nm.WongWang": "ReducedWongWang",
        "write nm.WongWangExcInh": (
            "ReducedWongWangExcInh WongWangExcInhStep WWModel DMF DynamicMeanField"
        ),
        "write nm.WilsonCowan": "WC WCModel WilsonCowanStep",
        "give each system its own, nm.QIF(seed=1, dt=0.05 * ms)": "seed set_seed dt defaultclock",
        "write 10 * ms, with ms from neuromass.units": "Quantity UnitRegistry ureg",
    }
)
"""Name -> what to write, for what people look for in the package."""


def instead(name: str, known: Mapping[str, str]) -> str:
    """The end of a sentence about an unknown name: what to write instead, or nothing."""
    found = known.get(name)
    return f"; {found}." if found else ""


def own_attribute(name: str) -> str:
    """A sentence on what a class of one's own keeps beside what a system has."""
    return f" What a class of your own keeps begins with an underscore, self._{name}."


def public(names: Iterable[str]) -> list[str]:
    """Names without those that begin with one underscore."""
    return [each for each in names if not each.startswith("_") or each.startswith("__")]
